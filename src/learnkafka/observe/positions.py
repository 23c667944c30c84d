"""Where a learner's own consumers are, asked without getting in their way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from learnkafka.errors import CourseError
from learnkafka.members.instruments import keeps_through_a_rebalance

if TYPE_CHECKING:
    from kafka import KafkaConsumer


def checked_consumers(consumers: Iterable[KafkaConsumer]) -> tuple[KafkaConsumer, ...]:
    """The consumers; raises CourseError where one isn't."""
    from kafka import KafkaConsumer

    given = (consumers,) if isinstance(consumers, KafkaConsumer) else tuple(consumers)
    for one in given:
        if not isinstance(one, KafkaConsumer):
            raise CourseError(f"consumers= takes KafkaConsumers in a list, as in consumers=[mine]; {one!r} isn't one.")
    return given


def checked_consumers_of(group: str, consumers: Iterable[KafkaConsumer]) -> tuple[KafkaConsumer, ...]:
    """The consumers; raises CourseError where one isn't, or is of another group."""
    given = checked_consumers(consumers)
    for one in given:
        if (other := one.config["group_id"]) != group:
            theirs = "no group" if other is None else f"group {other!r}"
            raise CourseError(f"consumers= takes consumers of the group {group!r}; this one is of {theirs}.")
    return given


def positions_in(topic: str, consumers: Iterable[KafkaConsumer]) -> dict[int, int]:
    """The position in each partition that one of them has: the offset of the record that it will be given next."""
    # KafkaConsumer.position() may ask the broker and isn't for other threads. What it keeps its positions in has a
    # lock of its own and asks nobody, but isn't public (kafka-python 3.0.12); a test says when that changes.
    return {
        partition.partition: at.offset
        for one in consumers
        if not one._closed
        for partition, at in one._subscription.all_consumed_offsets().items()
        if partition.topic == topic
    }


@dataclass(frozen=True, slots=True)
class Sample:
    """What a consumer of a group was found to have at one moment."""

    closed: bool = False
    member_id: str = ""
    """What the group's coordinator calls it; empty while it is in no group."""
    generation: int | None = None
    joining: bool = False
    """Whether it takes part in a rebalance that isn't over for it: its generation may be the next one already."""
    lost: bool = False
    """Whether the group has gone on without it."""
    partitions: frozenset[tuple[str, int]] = frozenset()
    """(topic, partition): none that it has given back or lost, though kafka-python strikes those off only later."""
    positions: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """Of these partitions."""


def sample(consumer: KafkaConsumer) -> Sample:
    """A look at a learner's consumer, which isn't called for it: its methods may ask the broker, or be in use."""
    if consumer._closed:
        return Sample(closed=True)
    coordinator, subscription = consumer._coordinator, consumer._subscription
    membership, joining = coordinator._generation, coordinator.rejoining
    with subscription._lock:
        partitions = frozenset((one.topic, one.partition) for one in subscription.assigned_partitions())
        offsets = {(one.topic, one.partition): at.offset for one, at in subscription.all_consumed_offsets().items()}
        lost = bool(partitions) and subscription.partitions_auto_assigned() and membership.is_lost()
    if lost or (joining and not keeps_through_a_rebalance(coordinator)):
        partitions = frozenset()
    return Sample(
        member_id=membership.member_id,
        generation=membership.generation_id if membership.generation_id >= 0 else None,
        joining=joining,
        lost=lost,
        partitions=partitions,
        positions={place: at for place, at in offsets.items() if place in partitions},
    )
