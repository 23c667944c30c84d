"""The stage of one check: fresh topics with some of the shop's real orders, the learner's code called on them, and all of it cleared away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cached_property
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from learnkafka.broker.environment import patience
from learnkafka.broker.groups import put_out_members
from learnkafka.errors import BrokerUnreachableError
from learnkafka.labs.calling import call
from learnkafka.labs.capturing import Beginning
from learnkafka.labs.orders import as_json
from learnkafka.observe import Observer, Record
from learnkafka.purchases import Purchase, purchases

if TYPE_CHECKING:
    from learnkafka.broker import Broker

SECONDS_A_CALL = 8
SECONDS_IN_ALL = 20  # nbgrader allows a cell 30
_SECONDS_OF_OURS = 6.0  # of these at most a check's own waiting isn't counted
_ANSWER_MS = 5_000  # a broker that needs longer for one request counts as unreachable


class Scene:
    """Give it a seeded `Random` to see the same data again.

    `memory` is what the exercise noted when it gave out its material, `left` the groups that an earlier scene could not delete since a consumer was open in them.
    """

    def __init__(self, broker: Broker, random: Random, memory: dict[str, Any], left: list[str]) -> None:
        self.broker = broker
        self.random = random
        self.memory = memory
        self.connect = {"bootstrap_servers": broker.bootstrap_servers, **broker.client_config()}
        self.observer = Observer(broker)
        self.printed = Beginning()
        self.left = left
        self._tag = f"{random.getrandbits(24):06x}"
        self._topics: list[str] = []
        self._groups: list[str] = list(left)
        self._clients = ExitStack()
        self.patience = patience()
        self._answer_ms = int(_ANSWER_MS * self.patience)
        self._until = time.monotonic() + SECONDS_IN_ALL * self.patience
        self._off_the_clock = 0.0

    def __enter__(self) -> Self:
        try:
            self.observer.topics()  # so that a broker which doesn't answer is found out at once
        except BrokerUnreachableError:
            self.observer.close()
            raise
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if not isinstance(error, BrokerUnreachableError):
                self._clear()
        finally:
            self._clients.close()
            self.observer.close()

    def name(self, what: str) -> str:
        """A name for a topic that the learner's code is to make; deleted in the end."""
        self._topics.append(self.broker.name(f"{what}-{self._tag}"))
        return self._topics[-1]

    def topic(self, what: str, partitions: int = 1, **configs: Any) -> str:
        """A new topic, and its real name."""
        self._topics.append(self.broker.topic(f"{what}-{self._tag}", partitions=partitions, **configs))
        return self._topics[-1]

    def placed(self, what: str, copies: dict[int, list[int]], **configs: object) -> str:
        """A new topic of a cluster, by partition with the brokers that have a copy, the preferred leader first.

        Kafka makes it with as many copies of each partition; where there are to be fewer of one, it gives them up next.
        """
        name = self.name(what)
        settings = {key.replace("_", "."): str(value) for key, value in configs.items()}
        some = sorted({broker for brokers in copies.values() for broker in brokers})
        most = max(map(len, copies.values()))
        filled = {
            number: [*brokers, *(one for one in some if one not in brokers)][:most]
            for number, brokers in copies.items()
        }
        with _reaching():
            self._admin.create_topics({name: {"assignments": filled, "configs": settings}}, wait_for_metadata=True)
        if fewer := {number: brokers for number, brokers in copies.items() if len(brokers) < most}:
            self.place_anew(name, fewer)
        return name

    def connect_anew(self) -> None:
        """After a broker was away: kafka-python's admin client holds on to the one that it took for the controller."""
        self.__dict__.pop("_admin", None)

    def place_anew(self, topic: str, copies: dict[int, list[int]]) -> None:
        """Other brokers for the copies of some partitions, or another order; returns when Kafka has taken that on."""
        from kafka import TopicPartition

        with _reaching():
            self._admin.alter_partition_reassignments(
                {TopicPartition(topic, partition): brokers for partition, brokers in copies.items()}
            )

    def is_moving(self, topic: str) -> bool:
        """Whether copies of it are on their way to other brokers; its controller says so, which knows first."""
        with _reaching():
            return any(one.topic == topic for one in self._admin.list_partition_reassignments())

    def group(self, what: str) -> str:
        """A name for a group that nobody has used."""
        self._groups.append(self.broker.name(f"{what}-{self._tag}"))
        return self._groups[-1]

    def orders(self, count: int) -> list[Purchase]:
        """Some of the shop's orders, other ones each time, oldest first."""
        return sorted(self.random.sample(purchases(), count), key=lambda order: order["order_id"])

    def publish(self, topic: str, orders: Iterable[Purchase], partition: int = 0) -> None:
        """Send orders as JSON, and wait until the broker has them."""
        self.publish_keyed(topic, ((partition, None, order) for order in orders))

    def spread(self, topic: str, orders: Sequence[Purchase], partitions: int) -> None:
        """The same, in turn for each of so many partitions."""
        for number in range(partitions):
            self.publish(topic, orders[number::partitions], number)

    def publish_keyed(self, topic: str, placed: Iterable[tuple[int, bytes | None, Purchase]]) -> None:
        """The same for orders that each have a partition and a key, or None for one."""
        self.send(topic, ((number, key, as_json(order), None) for number, key, order in placed))

    def send(self, topic: str, records: Iterable[tuple[int, bytes | None, bytes | None, int | None]]) -> None:
        """The same for records: partition, key, value and timestamp, which is now for None."""
        with _reaching():
            sent = [
                self._producer.send(topic, value, key, partition=number, timestamp_ms=stamp)
                for number, key, value, stamp in records
            ]
            for one in sent:
                one.get(timeout=self._answer_ms / 1000)

    def producer(self, **settings: object) -> Any:
        """A producer to hand to the learner's code; closed in the end."""
        from kafka import KafkaProducer

        bounds = {"bootstrap_timeout_ms": self._answer_ms, "max_block_ms": self._answer_ms}
        with _reaching():
            producer = KafkaProducer(**self.connect, **bounds, **settings)
        self._clients.callback(_close, producer)
        return producer

    def bytes_on_disk(self, topic: str) -> int:
        """What one copy of each of its partitions takes; 0 where we may not know."""
        with _reaching():
            answers = self._admin.describe_log_dirs([topic])
        sizes: dict[int, int] = {}
        for found in (one for answer in answers for place in answer["log_dirs"] for one in place["topics"]):
            for partition in found["partitions"]:
                number = partition["partition_index"]
                sizes[number] = max(sizes.get(number, 0), partition["partition_size"])
        return sum(sizes.values())

    def committed(self, group: str) -> dict[tuple[str, int], int]:
        """The group's committed offsets, by topic and partition; empty where it has none."""
        frame = self.observer.group(group)
        return {(one.topic, one.partition): one.offset for one in frame.committed} if frame else {}

    def commit(self, group: str, topic: str, offsets: dict[int, int]) -> None:
        """Commit for a group in which nobody is, by partition."""
        from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

        places = {TopicPartition(topic, partition): OffsetAndMetadata(offset) for partition, offset in offsets.items()}
        settings = {"group_id": group, "enable_auto_commit": False, "bootstrap_timeout_ms": self._answer_ms}
        with _reaching(), KafkaConsumer(**self.connect, **settings) as consumer:
            consumer.commit(places)  # the admin client doesn't wait for a new broker's first coordinator

    def was_joined(self, group: str) -> bool:
        """Whether anybody has ever been its member; committing for it, or asking for its commits, makes nobody one."""
        with _reaching():
            return bool(self._admin.describe_groups([group])[group]["protocol_type"])

    def remove_before(self, topic: str, partition: int, offset: int) -> None:
        """Move the log start of a partition, as retention does."""
        from kafka import TopicPartition

        with _reaching():
            self._admin.delete_records({TopicPartition(topic, partition): offset})

    def empty_group(self, group: str) -> None:
        """Put out whoever is still a member, as a process that was killed is for a while."""
        with _reaching():
            if group in {
                one["group_id"] for one in self._admin.list_groups()
            }:  # a new broker has no coordinator to ask
                put_out_members(self._admin, group)

    def call(self, function: Callable[..., Any], *arguments: object) -> Any:
        """What the learner's function returns; raises what `calling.call` raises."""
        seconds = max(1.0, min(SECONDS_A_CALL * self.patience, self._until - time.monotonic()))
        return call(function, *arguments, seconds=seconds, printed=self.printed)

    def records(self, topic: str) -> tuple[Record, ...]:
        """Everything that is in the topic now, by partition and offset; nothing where there is no such topic."""
        frame = self.observer.topic(topic, records=True)
        return (frame.records or ()) if frame else ()

    @contextmanager
    def off_the_clock(self) -> Iterator[None]:
        """What a check waits for itself, as for a broker to end, isn't taken from the learner's time (within a bound)."""
        began = time.monotonic()
        try:
            yield
        finally:
            given = min(time.monotonic() - began, _SECONDS_OF_OURS * self.patience - self._off_the_clock)
            self._off_the_clock += given
            self._until += given

    @cached_property
    def _producer(self) -> Any:
        from kafka import KafkaProducer

        settings = {"bootstrap_timeout_ms": self._answer_ms, "max_block_ms": self._answer_ms}
        return self._clients.enter_context(KafkaProducer(**self.connect, **settings))

    @cached_property
    def _admin(self) -> Any:
        from kafka import KafkaAdminClient

        settings = {"bootstrap_timeout_ms": self._answer_ms, "request_timeout_ms": self._answer_ms}
        return self._clients.enter_context(KafkaAdminClient(**self.connect, **settings))

    def _clear(self) -> None:
        """Delete what was made; it goes with the broker, or with the ledger of a shared cluster, where this fails."""
        if not (self._topics or self._groups):
            return
        with _reaching():
            if self._topics:
                self._admin.delete_topics(self._topics, raise_errors=False)
            used = {group["group_id"] for group in self._admin.list_groups()} if self._groups else set()
            there = [group for group in self._groups if group in used]
            answers = self._admin.delete_groups(there) if there else {}
            self.left = [group for group, answer in answers.items() if answer == "NonEmptyGroupError"]


def _close(producer: Any) -> None:
    """With a bound: it may hold records that will never be answered, since their topic is gone."""
    from kafka.errors import KafkaError

    with suppress(KafkaError):
        producer.close(timeout=1)


@contextmanager
def _reaching() -> Iterator[None]:
    """An error of our own clients means that the broker can't be reached."""
    from kafka.errors import KafkaError

    try:
        yield
    except KafkaError as error:
        raise BrokerUnreachableError(
            f"The broker doesn't answer ({type(error).__name__}); if it doesn't come back, run the cell that starts it again."
        ) from error
