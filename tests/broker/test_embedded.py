"""The embedded broker, and what may go wrong while it starts."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from learnkafka.broker import embedded
from learnkafka.broker.embedded import ATTEMPTS, EmbeddedServer
from learnkafka.broker.ports import free_ports
from learnkafka.errors import BrokerError
from tests.stopwatch import Stopwatch

Jvms = Callable[[Path], list[psutil.Process]]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def choose_taken(patch: pytest.MonkeyPatch, taken: int, times: int, place: int) -> list[int]:
    """Have the port chosen at `place` be the taken one so many times: as if it had been taken right after the choice."""
    chosen: list[int] = []

    def choose(count: int) -> list[int]:
        ports = free_ports(count)
        if len(chosen) < times:
            ports[place] = taken
        chosen.append(ports[place])
        return ports

    patch.setattr(embedded, "free_ports", choose)
    return chosen


@pytest.mark.soak
@pytest.mark.parametrize("place", [0, 1], ids=["its own", "its controller's"])
def test_port_taken_after_the_choice(
    own_tmp: Path, monkeypatch: pytest.MonkeyPatch, taken: int, processes: Jvms, place: int
) -> None:
    """The second try takes other ports and works; only the broker that works is left."""
    chosen = choose_taken(monkeypatch, taken, times=1, place=place)
    server = EmbeddedServer()
    try:
        assert chosen[0] == taken != chosen[1]
        assert str(taken) not in server.bootstrap_servers
        assert len(processes(own_tmp)) == 1
    finally:
        server.stop()


def test_port_taken_in_a_cluster(own_tmp: Path, monkeypatch: pytest.MonkeyPatch, taken: int, processes: Jvms) -> None:
    """Where the second of two brokers finds its port taken, both start anew."""
    choose_taken(monkeypatch, taken, times=1, place=2)
    server = EmbeddedServer(brokers=2)
    try:
        assert str(taken) not in server.bootstrap_servers
        assert len(processes(own_tmp)) == 2
    finally:
        server.stop()


def test_ports_taken_again_and_again(
    own_tmp: Path, monkeypatch: pytest.MonkeyPatch, taken: int, processes: Jvms
) -> None:
    """After three tries: one error, with the end of the broker's log."""
    chosen = choose_taken(monkeypatch, taken, times=9, place=0)
    with pytest.raises(BrokerError, match=f"taken {ATTEMPTS} times in a row") as gave_up:
        EmbeddedServer()
    assert len(chosen) == ATTEMPTS
    assert "Address already in use" in str(gave_up.value)
    assert not processes(own_tmp)


@pytest.mark.soak
def test_jvm_killed_in_mid_start(own_tmp: Path, processes: Jvms) -> None:
    """One error that says how it ended, and nothing left."""
    killed = threading.Event()

    def kill_the_first() -> None:
        while not killed.is_set():
            for process in processes(own_tmp):
                if "kafka.Kafka" in process.cmdline():
                    process.kill()
                    killed.set()

    killer = threading.Thread(target=kill_the_first, daemon=True)
    killer.start()
    try:
        with pytest.raises(BrokerError, match=rf"ended by itself \(status -{signal.SIGKILL:d}\)\..*Its log ends:"):
            EmbeddedServer()
        assert killed.is_set()
    finally:
        killed.set()
        killer.join()
    assert not processes(own_tmp)


def test_refused_setting_is_told(own_tmp: Path, processes: Jvms) -> None:
    """A broker that ends at once says why, from its own log."""
    with pytest.raises(BrokerError, match=r"ended by itself \(status 1\)") as refused:
        EmbeddedServer(adjust=lambda _: {"num.network.threads": "none"})
    assert "num.network.threads" in str(refused.value)
    assert not processes(own_tmp)


def test_interrupt_in_mid_start(own_tmp: Path, processes: Jvms) -> None:
    """A cell interrupted while the broker starts leaves nothing."""

    def interrupt(_: Any) -> dict[str, str]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        EmbeddedServer(adjust=interrupt)
    assert not processes(own_tmp)


@pytest.mark.soak
@pytest.mark.parametrize(
    "options",
    ["size=16m", *(f"size=256m,nr_inodes={inodes}" for inodes in (2, 3, 4, 5, 7, 9, 12, 20))],
)
def test_full_disk(
    tmpfs: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, processes: Jvms, options: str
) -> None:
    """Whether there is too little room before the start, or it ends at some point of it: one error, nothing left.

    A limit on the number of files fills the disk at a point that is the same every time.
    """
    fails_on_a_full_disk(tmpfs(options), monkeypatch, processes)


def test_disk_full_at_the_first_record(
    tmpfs: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, processes: Jvms
) -> None:
    """The broker is up, but has no room for a topic: the same error, and soon, though it would go on for a minute."""
    stopwatch = Stopwatch()
    fails_on_a_full_disk(tmpfs("size=256m,nr_inodes=25"), monkeypatch, processes)
    assert stopwatch.seconds() < 30


def fails_on_a_full_disk(disk: Path, monkeypatch: pytest.MonkeyPatch, processes: Jvms) -> None:
    monkeypatch.setenv("TMPDIR", str(disk))
    # Not by TMPDIR alone: where no file fits at all, Python looks elsewhere for a temporary directory.
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    with pytest.raises(BrokerError) as full:
        EmbeddedServer()
    sentence, _, log = str(full.value).partition("Its log ends:\n")
    assert "\n" not in sentence.strip()
    assert "TMPDIR" in sentence
    assert "room" in sentence
    assert not log or "No space left on device" in log
    assert not processes(disk)
    assert not [path for path in disk.rglob("*") if path.parent != disk]


def test_memory(own_tmp: Path) -> None:
    """At most 260 MB, after it has taken and given 10 MB of records."""
    from kafka import KafkaConsumer, KafkaProducer, TopicPartition

    server = EmbeddedServer()
    try:
        with KafkaProducer(bootstrap_servers=server.bootstrap_servers) as producer:
            from kafka import KafkaAdminClient

            with KafkaAdminClient(bootstrap_servers=server.bootstrap_servers) as admin:
                admin.create_topics({"filled": {"num_partitions": 1}}, wait_for_metadata=True)
            for sent in [producer.send("filled", os.urandom(10_000)) for _ in range(1000)]:
                sent.get(timeout=30)
        with KafkaConsumer(bootstrap_servers=server.bootstrap_servers) as consumer:
            consumer.assign([TopicPartition("filled", 0)])
            consumer.seek_to_beginning()
            while consumer.position(TopicPartition("filled", 0)) < 1000:
                consumer.poll(timeout_ms=1000)
        assert 50 * 2**20 < server.memory() <= 260 * 10**6
    finally:
        server.stop()


def test_nobody_outside_this_machine_can_connect(own_tmp: Path, processes: Jvms) -> None:
    """All of its sockets that listen are on the loopback interface, and only its owner may read its files."""
    server = EmbeddedServer()
    try:
        (jvm,) = processes(own_tmp)
        listening = [one for one in jvm.net_connections("inet") if one.status == psutil.CONN_LISTEN]
        assert len(listening) == 2
        assert {one.laddr.ip.removeprefix("::ffff:") for one in listening} == {"127.0.0.1"}
        (run,) = own_tmp.glob("learnkafka-*/*")
        assert run.stat().st_mode & 0o077 == 0
        assert run in server.nodes[1].data.parents
    finally:
        server.stop()


def test_everything_it_writes_lies_in_its_run(own_tmp: Path, processes: Jvms) -> None:
    """No file elsewhere, such as the JVM's own in the machine's temporary directory."""
    server = EmbeddedServer()
    try:
        (jvm,) = processes(own_tmp)
        assert not list(own_tmp.parent.glob(f"hsperfdata_*/{jvm.pid}"))
        files = {Path(one.path) for one in jvm.open_files() if one.mode != "r"}
        assert files
        assert all(own_tmp in path.parents for path in files)
    finally:
        server.stop()


def test_port_of_a_stopped_broker_is_taken(own_tmp: Path) -> None:
    """A broker that is started again and finds its port taken says so; the others go on."""
    server = EmbeddedServer(brokers=2)
    try:
        server.stop_broker(2)
        with (
            socket.create_server(("127.0.0.1", server.nodes[2].port)),
            pytest.raises(BrokerError, match="was taken while it was away") as refused,
        ):
            server.start_broker(2)
        assert "\n" not in str(refused.value)
        assert server.nodes[1].runs()
        assert not server.nodes[2].runs()
    finally:
        server.stop()
