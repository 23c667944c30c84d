"""What the leaders of partitions say of them: offsets and sizes, asked of all leaders at once."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from learnkafka.observe.frames import Partition

READ_UNCOMMITTED = 0
NO_OFFSET = -1

Name = tuple[str, int]
"""(topic, partition)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a partition is to be asked for."""

    topic: str
    number: int
    leader: int
    leader_epoch: int


@dataclass(frozen=True, slots=True)
class Said:
    """What its leader says of a partition; None for what it didn't say."""

    log_start: int | None = None
    high_watermark: int | None = None
    end: int | None = None
    size: int | None = None
    problem: str | None = None
    """Kafka's name for the reason why it doesn't say."""


class NotSettledError(Exception):
    """A leader is only just taking over, or giving up, its partitions: worth asking again."""


def partitions_of(described: Mapping[str, Any], said: Mapping[Name, Said]) -> tuple[Partition, ...]:
    """The partitions of a topic that KafkaAdminClient.describe_topics described, by number."""
    found = []
    for one in described["partitions"]:
        of_leader = said.get((described["name"], one["partition_index"]), Said())
        found.append(
            Partition(
                number=one["partition_index"],
                log_start=of_leader.log_start,
                end=of_leader.end,
                high_watermark=of_leader.high_watermark,
                leader=_leader(one),
                replicas=tuple(one["replica_nodes"]),
                in_sync=tuple(one["isr_nodes"]),
                size=of_leader.size,
            )
        )
    return tuple(sorted(found, key=lambda one: one.number))


def places_of(described: Iterable[Mapping[str, Any]]) -> list[Place]:
    """Those partitions of described topics that have a leader."""
    return [
        Place(topic["name"], one["partition_index"], leader, one["leader_epoch"])
        for topic in described
        for one in topic["partitions"]
        if (leader := _leader(one)) is not None
    ]


def _leader(partition: Mapping[str, Any]) -> int | None:
    return partition["leader_id"] if partition["leader_id"] >= 0 else None


def ask_leaders(
    admin: Any, places: Iterable[Place], settled_by: float, *, only_offsets: bool = False
) -> dict[Name, Said]:
    """What the leaders say, with `only_offsets` neither the log's end nor its size; those of several brokers that can't be reached say nothing.

    Raises a KafkaError when the only broker can't be reached. A leader that doesn't lead yet is worth asking again:
    that is a NotSettledError, until the time `settled_by` has come; from then on, its partition is left out.
    """
    by_leader = defaultdict(list)
    for place in places:
        by_leader[place.leader].append(place)
    # kafka-python's own list_partition_offsets asks for metadata each time, gives up on all leaders when one is away,
    # and has nothing for the log end offset. Here every question is on its way at once.
    said: dict[Name, Said] = admin._manager.run(_ask_all, admin._manager, dict(by_leader), only_offsets)
    if time.monotonic() < settled_by:
        for one in said.values():
            if one.problem:
                raise NotSettledError(one.problem)
    return said


async def _ask_all(manager: Any, by_leader: Mapping[int, list[Place]], only_offsets: bool) -> dict[Name, Said]:
    from kafka.errors import KafkaError

    if not by_leader.keys() <= {one.node_id for one in manager.cluster.brokers()}:
        await manager.cluster.refresh_metadata()  # of a broker that has come since, the client has no address
    on_their_way: dict[int, list[Any]] = {}
    lost: dict[int, Exception] = {}
    for leader, places in by_leader.items():
        try:
            on_their_way[leader] = [
                manager.send(request, node_id=leader) for request in _questions(places, only_offsets)
            ]
        except KafkaError as error:
            lost[leader] = error
    said: dict[Name, Said] = {}
    for leader, answers in on_their_way.items():
        try:
            said |= _read([await answer for answer in answers])
        except KafkaError as error:
            lost[leader] = error
    if lost and len(manager.cluster.brokers()) < 2:
        raise next(iter(lost.values()))
    return said


def _questions(places: list[Place], only_offsets: bool) -> list[Any]:
    """In this order: a broker answers one by one, so that log start <= high watermark <= log end."""
    from kafka.protocol.admin import DescribeLogDirsRequest
    from kafka.protocol.consumer import ListOffsetsRequest, OffsetForLeaderEpochRequest, OffsetSpec

    by_topic = defaultdict(list)
    for place in places:
        by_topic[place.topic].append(place)

    def offsets(which: Any) -> Any:
        topic = ListOffsetsRequest.ListOffsetsTopic
        partition = topic.ListOffsetsPartition
        return ListOffsetsRequest(
            isolation_level=READ_UNCOMMITTED,
            topics=[
                topic(
                    name=name, partitions=[partition(partition_index=one.number, timestamp=which) for one in of_topic]
                )
                for name, of_topic in by_topic.items()
            ],
        )

    questions = [offsets(OffsetSpec.EARLIEST), offsets(OffsetSpec.LATEST)]
    if only_offsets:
        return questions

    # Where an epoch ends, asked of the leader of that very epoch, is where its log ends (KIP-320). Nothing else tells:
    # DescribeLogDirs has an offset lag, but only of a replica behind the high watermark, which a leader never is.
    topic = OffsetForLeaderEpochRequest.OffsetForLeaderTopic
    partition = topic.OffsetForLeaderPartition
    ends = OffsetForLeaderEpochRequest(
        replica_id=-1,
        topics=[
            topic(
                topic=name,
                partitions=[partition(partition=one.number, leader_epoch=one.leader_epoch) for one in of_topic],
            )
            for name, of_topic in by_topic.items()
        ],
    )
    sizes = DescribeLogDirsRequest(
        topics=[(name, [one.number for one in of_topic]) for name, of_topic in by_topic.items()]
    )
    return [*questions, ends, sizes]


def _read(answers: list[Any]) -> dict[Name, Said]:
    starts, watermarks, *others = answers
    said: dict[Name, Said] = {}
    for name, start in _offsets(starts):
        said[name] = Said(log_start=start.offset) if start.error_code == 0 else Said(problem=_word(start))
    for name, watermark in _offsets(watermarks):
        if watermark.error_code != 0:
            said[name] = Said(problem=_word(watermark))
        elif not said[name].problem:
            said[name] = replace(said[name], high_watermark=watermark.offset, end=watermark.offset)
    if not others:
        return said
    ends, sizes = others
    for topic in ends.topics:
        for one in topic.partitions:
            name = topic.topic, one.partition
            before = said[name].high_watermark
            # An epoch that it doesn't know has no end: the leader has changed since we asked who leads.
            if before is not None and one.error_code == 0 and one.end_offset > NO_OFFSET:
                said[name] = replace(said[name], end=max(one.end_offset, before))
    for directory in sizes.results:  # none where one may not describe the cluster
        for topic in directory.topics:
            for one in topic.partitions:
                name = topic.name, one.partition_index
                if not one.is_future_key:
                    said[name] = replace(said[name], size=one.partition_size)
    return said


def _offsets(answer: Any) -> Iterator[tuple[Name, Any]]:
    return (((topic.name, one.partition_index), one) for topic in answer.topics for one in topic.partitions)


def _word(partition: Any) -> str:
    from kafka.errors import for_code

    return str(for_code(partition.error_code).__name__)
