"""A shared cluster's password stays between the learner's process and the cluster."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from learnkafka.broker import start_broker
from learnkafka.broker.connecting import how_to_connect
from learnkafka.members import start, start_member
from learnkafka.members.run import __name__ as members_module

MEMBER = """
from kafka import KafkaConsumer
with KafkaConsumer(topic, group_id=group, **connect) as consumer:
    for record in consumer:
        pass
"""


@pytest.fixture
def password(cluster_elsewhere: Any, without_cluster: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The learner's, as the environment has it."""
    for name, value in cluster_elsewhere.environment("SECURE").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LEARNKAFKA_PREFIX", f"eve{os.getpid()}-")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return os.environ["KAFKA_SASL_PASSWORD"]


@contextmanager
def watched(secret: str, folder: Path) -> Iterator[dict[str, set[str]]]:
    """While the block runs: who has the secret in its command line, and which files below the folder others may read."""
    seen: dict[str, set[str]] = {"commands": set(), "holding": set(), "open": set()}
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for process in psutil.process_iter():
                with suppress(psutil.Error):
                    said = " ".join(process.cmdline())
                    seen["commands"].add(said)
            for path in folder.rglob("*"):
                with suppress(OSError, UnicodeDecodeError):
                    if path.is_file() and secret.split('"')[0] in path.read_text(encoding="utf-8"):
                        seen["holding"].add(path.name)
                        if path.stat().st_mode & 0o077 and path.parent.stat().st_mode & 0o077:
                            seen["open"].add(str(path))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def test_a_tool_gets_it_in_a_file_that_only_the_owner_reads(own_tmp: Path, password: str) -> None:
    """No process names it on its command line; the file lies in a directory of the owner's, and goes with the tool."""
    broker = start_broker(kind="existing", new=True)
    try:
        topic = broker.topic("orders")
        with watched(password, own_tmp) as seen:
            assert topic in broker.tool("kafka-topics.sh", "--list")
        assert any("org.apache.kafka.tools.TopicCommand" in one for one in seen["commands"])
        assert not [one for one in seen["commands"] if password in one]
        assert seen["holding"] == {"client.properties"}
        assert not seen["open"]
        assert not list(own_tmp.rglob("client.properties"))
    finally:
        broker.stop()


def test_a_member_gets_it_through_a_pipe(
    own_tmp: Path, password: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither on its command line nor in a file."""
    monkeypatch.chdir(tmp_path)
    Path("billing.py").write_text(MEMBER)
    broker = start_broker(kind="existing", new=True)
    try:
        topic = broker.topic("orders")
        with watched(password, own_tmp) as seen:
            start_member("billing.py", topic, broker.name("billing"), broker=broker)
        assert any(members_module in one for one in seen["commands"])
        assert not [one for one in seen["commands"] if password in one]
        assert not seen["holding"]
    finally:
        start.end_members()
        broker.stop()


LEAVE = """
from learnkafka import start_broker
broker = start_broker(kind="existing")
broker.topic("left")
"""


def test_what_clears_up_afterwards_gets_it_from_the_environment(
    own_tmp: Path, password: str, until: Callable[..., Any]
) -> None:
    """The process that deletes at a kernel's exit is told where its notes are, and nothing else."""
    with watched(password, own_tmp) as seen:
        subprocess.run([sys.executable, "-c", LEAVE], check=True, timeout=60)
        until(lambda: any("learnkafka.broker.existing" in one for one in seen["commands"]), 20)
        until(lambda: not [one for one in psutil.process_iter() if _is_clearing(one)], 60)
    assert not [one for one in seen["commands"] if password in one]
    assert not seen["holding"]


def _is_clearing(process: psutil.Process) -> bool:
    try:
        return "learnkafka.broker.existing" in process.cmdline()
    except psutil.Error:
        return False


@pytest.mark.parametrize("command", ["doctor", "broker"])
def test_it_is_not_printed(password: str, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Not by what looks at the cluster and finds it refused, either."""
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "open-sesame-77")
    done = subprocess.run(
        [sys.executable, "-m", "learnkafka", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "open-sesame-77" not in done.stdout + done.stderr


def test_how_to_connect_leaves_passwords_out() -> None:
    """What `learnkafka broker` prints is there to be copied."""
    secrets = {"sasl_plain_password": "open-sesame-77", "ssl_password": "open-sesame-78"}
    assert "open-sesame" not in how_to_connect("localhost:9092", {"security_protocol": "SASL_SSL", **secrets})


def test_scratch_directories_are_the_owners(own_tmp: Path) -> None:
    """What Python makes for us, where a password goes for a moment."""
    with tempfile.TemporaryDirectory() as scratch:
        assert Path(scratch).stat().st_mode & 0o077 == 0
