"""A learner who floods the cluster is held by the quota, and holds up nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import NodeNotReadyError

from learnkafka.classroom import Quota
from learnkafka.classroom.quotas import set_quotas
from tests.stopwatch import Stopwatch

Connect = Callable[[str], dict[str, Any]]
RATE = 500_000  # bytes a second
VALUE = b"x" * 10_000
FLOOD = 800  # values: 8 MB
# The broker averages over eleven seconds, so a flood may begin with what a quota would give in ten (quota.window.num).
LEAST_SECONDS = FLOOD * len(VALUE) / RATE - 10
PROMPT = 5.0  # seconds: as long as anybody else may wait on a busy machine


@pytest.fixture
def teacher_connects(cluster: Any, teacher: None) -> dict[str, Any]:
    """The teacher has no quota: the peer."""
    from learnkafka.broker.environment import bootstrap_servers, client_config

    return {"bootstrap_servers": bootstrap_servers(), **client_config()}


@pytest.fixture
def flooded(ada_and_bob: Connect, owner: Any) -> Iterator[str]:
    """Bob's topic, while he has a small quota; Ada has a topic, too."""
    one = {"num_partitions": 1, "replication_factor": 1}
    for name in ("ada", "bob"):
        with KafkaAdminClient(**ada_and_bob(name)) as admin:
            admin.create_topics({f"{name}-flood": one}, wait_for_metadata=True)
    set_quotas(owner, {"bob": Quota(produce=RATE, consume=RATE, requests=200)})
    yield "bob-flood"
    set_quotas(owner, {"bob": Quota()})
    owner.delete_topics(["ada-flood", "bob-flood"])


def send_all(connect: dict[str, Any], topic: str) -> float:
    """Seconds until the flood is acknowledged, from the second record on."""
    with KafkaProducer(**connect) as producer:
        producer.send(topic, VALUE).get(timeout=60)
        began = time.monotonic()
        futures = [producer.send(topic, VALUE) for _ in range(FLOOD)]
        for future in futures:
            future.get(timeout=120)
        return time.monotonic() - began


def read_all(connect: dict[str, Any], topic: str) -> float:
    """Seconds until all is read, from the first record on."""
    with KafkaConsumer(**connect, auto_offset_reset="earliest", fetch_max_bytes=200_000) as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        count, began, deadline = 0, 0.0, time.monotonic() + 120
        while count < FLOOD:
            count += sum(map(len, consumer.poll(1_000).values()))
            began = began or time.monotonic()
            assert time.monotonic() < deadline, f"{count} of {FLOOD} read"
        return time.monotonic() - began


@contextmanager
def ada_goes_on(connect: dict[str, Any]) -> Iterator[list[float]]:
    """Ada sends and waits for each record meanwhile; the seconds that each took."""
    taken: list[float] = []
    over = threading.Event()

    def go_on() -> None:
        with KafkaProducer(**connect) as producer:
            while not over.wait(0.05):
                stopwatch = Stopwatch()
                producer.send("ada-flood", b"one").get(timeout=60)
                taken.append(stopwatch.seconds())

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield taken
    finally:
        over.set()
        thread.join()


def test_a_flood_of_records(flooded: str, ada_and_bob: Connect, teacher_connects: dict[str, Any]) -> None:
    """Written and read no quicker than the quota says; who has none is several times as quick."""
    with ada_goes_on(ada_and_bob("ada")) as taken:
        held_writing = send_all(ada_and_bob("bob"), flooded)
        held_reading = read_all(ada_and_bob("bob"), flooded)
    assert held_writing >= LEAST_SECONDS
    assert held_reading >= LEAST_SECONDS
    assert len(taken) > 10
    assert max(taken) < PROMPT
    assert 2 * read_all(teacher_connects, flooded) < held_reading
    assert 2 * send_all(teacher_connects, flooded) < held_writing


def test_a_flood_of_questions(flooded: str, ada_and_bob: Connect, owner: Any, teacher_connects: dict[str, Any]) -> None:
    """A loop that only asks is slowed, too."""

    def asked(connect: dict[str, Any], seconds: float = 6) -> int:
        count, until = 0, time.monotonic() + seconds
        with KafkaAdminClient(**connect) as admin:
            while time.monotonic() < until:
                try:
                    admin.list_topics()
                    count += 1
                except NodeNotReadyError:  # kafka-python has been told to wait, and says so
                    threading.Event().wait(0.02)
        return count

    free = asked(teacher_connects)
    set_quotas(owner, {"bob": Quota(requests=1)})
    asked(ada_and_bob("bob"))  # until the broker's averages have got hold of it
    assert 2 * asked(ada_and_bob("bob")) < free
