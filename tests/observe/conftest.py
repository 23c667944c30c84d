"""A broker to look at, and what a test does to it beside looking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from learnkafka.broker import Broker, start_broker
from learnkafka.members import Member, members_of, start_member
from learnkafka.observe import Observer
from learnkafka.observe.group_look import GroupLook

if TYPE_CHECKING:
    from learnkafka.observe.group_contents import GroupContent


@pytest.fixture
def mortal() -> Iterator[Broker]:
    """A broker of the test's own, with a topic."""
    started = start_broker(kind="embedded", new=True)
    started.topic("orders")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def observer(broker: Broker) -> Iterator[Observer]:
    """It looks at that broker, through the same connections in all tests."""
    with Observer(broker) as looking:
        yield looking


@pytest.fixture
def producer(broker: Broker) -> Iterator[KafkaProducer]:
    with KafkaProducer(bootstrap_servers=broker.bootstrap_servers) as one:
        yield one


@pytest.fixture(scope="module")
def admin(broker: Broker) -> Iterator[KafkaAdminClient]:
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers) as one:
        yield one


@pytest.fixture
def commit(broker: Broker) -> Callable[..., None]:
    """`commit(group, topic, {partition: offset})`: what a consumer that came and went leaves behind."""

    def leave(group: str, topic: str, offsets: dict[int, int]) -> None:
        with KafkaConsumer(bootstrap_servers=broker.bootstrap_servers, group_id=group, enable_auto_commit=False) as one:
            one.assign([TopicPartition(topic, number) for number in offsets])
            for number, offset in offsets.items():
                one.seek(TopicPartition(topic, number), offset)
            one.commit()

    return leave


@pytest.fixture
def send(producer: KafkaProducer) -> Callable[..., None]:
    """`send(topic, b"one", …)`: into partition 0, or another; returns when all are there."""

    def all_of(topic: str, *values: bytes, partition: int = 0, **options: Any) -> None:
        for sent in [producer.send(topic, value, partition=partition, **options) for value in values]:
            sent.get(timeout=20)

    return all_of


READ = """
from kafka import KafkaConsumer
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
assignor = CooperativeStickyAssignor if cooperative else RangePartitionAssignor
with KafkaConsumer(
    topic, group_id=group, auto_offset_reset="earliest", partition_assignment_strategy=[assignor], **connect, **settings
) as consumer:
    for record in consumer:
        pass
"""


@pytest.fixture
def member(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Member]]:
    """`member(topic, group, …)`: it reads from the beginning, and doesn't commit; its session lasts 2 s."""
    monkeypatch.chdir(tmp_path)
    started: list[Member] = []

    def begin(topic: str, group: str, code: str = READ, *, cooperative: bool = False, **settings: Any) -> Member:
        settings = {
            "heartbeat_interval_ms": 100,
            "session_timeout_ms": 2000,
            "enable_auto_commit": False,
        } | settings
        Path("billing.py").write_text(code)
        started.append(
            start_member("billing.py", topic, group, broker=broker, cooperative=cooperative, settings=settings)
        )
        return started[-1]

    yield begin
    for one in (known for first in started for known in members_of(broker, first.group)):
        with suppress(OSError):
            one.kill()


@pytest.fixture
def see_group(broker: Broker) -> Iterator[Callable[..., GroupLook]]:
    """`see_group(group, consumers)`: a look at the module's broker, closed in the end."""
    opened: list[GroupLook] = []

    def of(*arguments: Any) -> GroupLook:
        opened.append(GroupLook(broker, *arguments))
        return opened[-1]

    yield of
    for look in opened:
        look.close()


def group_content(look: GroupLook) -> GroupContent:
    return cast("GroupContent", look.look().content)


@pytest.fixture(scope="session")
def content_of() -> Callable[[GroupLook], GroupContent]:
    """`content_of(look)`: what it sees now."""
    return group_content
