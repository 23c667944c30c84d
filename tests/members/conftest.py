"""A broker, and members that don't outlive their test."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaProducer

from learnkafka.members import Member, start_member
from tests.members.loops import LOOP
from tests.stand_in import says, stand_in

if TYPE_CHECKING:
    from learnkafka.broker import Broker

QUICK = {"heartbeat_interval_ms": 100, "session_timeout_ms": 6000}


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def topic(broker: Broker, numbers: Iterator[int]) -> str:
    """A topic with four partitions that no other test uses."""
    return broker.topic(f"orders-{next(numbers)}", partitions=4)


@pytest.fixture
def group(numbers: Iterator[int]) -> str:
    """A group that no other test uses."""
    return f"billing-{next(numbers)}"


@pytest.fixture
def member(
    broker: Broker, topic: str, group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Member]]:
    """`member(code, …)`: a member that runs the code; the keyword arguments are start_member's."""
    monkeypatch.chdir(tmp_path)
    started: list[Member] = []

    def begin(code: str = LOOP, **options: Any) -> Member:
        Path("billing.py").write_text(dedent(code))
        options = {"topic": topic, "group": group, "broker": broker, "settings": QUICK} | options
        started.append(start_member("billing.py", **options))
        return started[-1]

    yield begin
    for one in started:
        with suppress(OSError):
            one.kill()


@pytest.fixture(scope="module")
def producer(broker: Broker) -> Iterator[KafkaProducer]:
    with KafkaProducer(bootstrap_servers=broker.bootstrap_servers, max_request_size=2_000_000) as one:
        yield one


@pytest.fixture
def send(producer: KafkaProducer, topic: str) -> Callable[..., None]:
    """`send(b"one", …, partition=0, key=None)`: into the test's topic; returns when all are there."""

    def all_of(*values: bytes | None, partition: int = 0, **options: Any) -> None:
        for sent in [producer.send(topic, value, partition=partition, **options) for value in values]:
            sent.get(timeout=20)

    return all_of


@pytest.fixture
def kernel(own_tmp: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """`kernel(code)`: a process that stands for a notebook's kernel, with a temporary directory of its own."""
    started: list[subprocess.Popen[str]] = []

    def begin(code: str) -> subprocess.Popen[str]:
        started.append(stand_in(code, own_tmp))
        return started[-1]

    yield begin
    for one in started:
        one.kill()
        one.communicate()


@pytest.fixture
def line() -> Callable[..., str]:
    """`line(process)`: the next line that it prints."""
    return says
