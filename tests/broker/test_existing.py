"""A cluster that others use too is left as it was found, however many lessons were open and however they ended."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient

from learnkafka.broker.existing import SharedNames, delete_what_we_made
from learnkafka.broker.ledger import Ledger, ledgers, ledgers_directory, ledgers_lock, read_ledger
from learnkafka.errors import BrokerError

KERNEL = """
from kafka import KafkaConsumer
from learnkafka import start_broker
broker = start_broker()
print(broker.topic("orders"), flush=True)
for line in __import__("sys").stdin:
    exec(line)
"""


@pytest.fixture
def learner(
    cluster_elsewhere: Any, without_cluster: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """`learner()`: a kernel of one learner, who logs in with a password and has made the topic `orders`."""
    for name, value in cluster_elsewhere.environment("SECURE").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LEARNKAFKA_PREFIX", f"ada{os.getpid()}-")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        kernel = subprocess.Popen(
            [sys.executable, "-c", KERNEL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(kernel)
        assert kernel.stdout
        assert kernel.stdout.readline().strip() == f"ada{os.getpid()}-orders"
        return kernel

    yield start
    for kernel in started:
        kernel.kill()
        kernel.communicate()


@pytest.fixture
def topics(cluster_elsewhere: Any) -> Iterator[Callable[[], list[str]]]:
    """`topics()`: those of this learner, as the cluster's owner sees them."""
    with KafkaAdminClient(bootstrap_servers=cluster_elsewhere.address("PLAIN")) as admin:
        yield lambda: [name for name in admin.list_topics() if name.startswith(f"ada{os.getpid()}-")]


@pytest.fixture
def groups(cluster_elsewhere: Any) -> Iterator[Callable[[], list[str]]]:
    """`groups()`: those of this learner, as the cluster's owner sees them."""
    with KafkaAdminClient(bootstrap_servers=cluster_elsewhere.address("PLAIN")) as admin:
        yield lambda: [
            one["group_id"] for one in admin.list_groups() if one["group_id"].startswith(f"ada{os.getpid()}-")
        ]


def ledgers_of_all() -> list[Ledger]:
    """Whatever cluster they are of."""
    found = (read_ledger(path) for path in ledgers_directory().glob("*.json"))
    return [one for one in found if one]


def test_a_kernel_that_ends_deletes_what_it_made(
    learner: Callable[[], Any], topics: Callable[[], list[str]], until: Callable[..., Any]
) -> None:
    """Its topics go soon after its normal end, without a `stop()`."""
    kernel = learner()
    assert topics()
    kernel.communicate(timeout=30)  # the end of its input
    assert kernel.returncode == 0
    until(lambda: not topics(), 20)


def test_what_a_killed_kernel_made_goes_with_the_next_start(
    learner: Callable[[], Any], topics: Callable[[], list[str]], until: Callable[..., Any]
) -> None:
    """Nobody could delete, so the learner's next connection does, and makes the same topic anew."""
    first = learner()
    first.kill()
    first.communicate()
    assert topics()
    learner().communicate(timeout=30)
    until(lambda: not topics(), 20)


JOIN = """
consumer = KafkaConsumer(
    broker.topic("orders"), group_id=broker.name("billing"), bootstrap_servers=broker.bootstrap_servers,
    **broker.client_config(),
)
while not consumer.assignment(): consumer.poll(1000)
print("a member", flush=True)
"""


def join(kernel: subprocess.Popen[str]) -> None:
    """A consumer in the kernel becomes a member of `billing`, and stays one until its session times out: 45 s."""
    assert kernel.stdin
    assert kernel.stdout
    kernel.stdin.write(f"exec({JOIN!r})\n")
    kernel.stdin.flush()
    assert kernel.stdout.readline() == "a member\n"


def test_a_group_with_a_member_that_did_not_leave(
    learner: Callable[[], Any], groups: Callable[[], list[str]], until: Callable[..., Any]
) -> None:
    """It goes with `stop()`, and where nobody could call that, with the next start: neither waits for the session timeout."""
    stopped, killed = learner(), learner()
    join(stopped)
    assert groups()
    stopped.stdin.write("broker.stop(); print('stopped', flush=True)\n")
    stopped.stdin.flush()
    assert stopped.stdout.readline() == "stopped\n"
    assert not groups()
    join(killed)
    killed.kill()
    killed.communicate()
    assert groups()
    learner().communicate(timeout=30)
    until(lambda: not groups(), 20)


def test_two_open_lessons_of_one_learner(
    learner: Callable[[], Any], topics: Callable[[], list[str]], until: Callable[..., Any]
) -> None:
    """The second may make the topic anew; the first one's end leaves it, the last one's end deletes it."""
    first, second = learner(), learner()
    assert first.stdin
    first.communicate("broker.stop()\n", timeout=30)
    assert topics()
    second.communicate(timeout=30)
    until(lambda: not topics(), 20)


def test_two_that_leave_at_once(
    learner: Callable[[], Any],
    topics: Callable[[], list[str]],
    groups: Callable[[], list[str]],
    cluster_elsewhere: Any,
    until: Callable[..., Any],
) -> None:
    """One leaves the topic to the other, and still waits for its group when that one leaves too: the last takes all."""
    orders, billing = f"ada{os.getpid()}-orders", f"ada{os.getpid()}-billing"
    kernel = learner()
    join(kernel)
    kernel.stdin.write("while True: consumer.poll(100)\n\n")  # it comes back whenever it is put out
    kernel.stdin.flush()
    address = cluster_elsewhere.address("PLAIN")
    with KafkaAdminClient(bootstrap_servers=address) as admin, KafkaAdminClient(bootstrap_servers=address) as other:
        (known,) = ledgers_of_all()
        one, last = Ledger(known.cluster, [orders, billing]), Ledger(known.cluster, [orders])
        known.discard()  # as if the kernel had never named them: only its consumer matters
        one.save()
        last.save()
        waiting = threading.Thread(target=delete_what_we_made, args=[admin, one, 60])
        waiting.start()
        try:
            until(lambda: (now := read_ledger(one.path)) and now.names == [billing], 20)
            assert topics() == [orders]
            delete_what_we_made(other, last, 5)
            assert topics() == []
            assert waiting.is_alive()
        finally:
            kernel.kill()
            kernel.communicate()
            waiting.join()
    assert groups() == []
    assert ledgers_of_all() == []


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """One in a directory of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return Ledger("a-cluster")


def test_what_is_gone_when_it_is_named_is_nobody_elses(ledger: Ledger) -> None:
    """Another broker may still have named it when the connection was made; what is there indeed stays foreign."""
    there = {"ada-payments"}
    names = SharedNames("ada-", ledger, {"ada-orders", "ada-payments"}, there.__contains__)
    for name, is_ours in (("orders", True), ("payments", False), ("clicks", True)):
        assert names.is_ours(names.full(name)) == is_ours
    assert [one.names for one in ledgers("a-cluster")] == [["ada-orders", "ada-clicks"]]


def test_what_could_be_made_is_ours(ledger: Ledger) -> None:
    """Though a broker that lags behind still named it: who could make it has to delete it."""
    names = SharedNames("ada-", ledger, {"ada-orders"}, lambda _: True)
    full = names.full("orders")
    assert not names.is_ours(full)
    names.made(full)
    assert names.is_ours(full)
    assert [one.names for one in ledgers("a-cluster")] == [["ada-orders"]]


def test_only_one_process_clears_up(ledger: Ledger) -> None:
    """Whoever takes a dead kernel's ledger over; who comes later finds nothing to do."""
    ledger.save()
    late = read_ledger(ledger.path)
    assert ledger.take_over()
    assert late
    assert not late.take_over()
    assert [one.path for one in ledgers("a-cluster")] == [ledger.path]
    assert not ledger.is_orphaned()


def test_where_nothing_can_be_written_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It says where, and what to do: what was made and isn't written down would stay on the cluster."""
    (tmp_path / "learnkafka").write_text("a file in the directory's place", encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with (
        pytest.raises(BrokerError, match=r"made-on-clusters.*\(Not a directory\); make it writable"),
        ledgers_lock(),
    ):
        pass
