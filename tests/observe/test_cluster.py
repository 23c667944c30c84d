"""Several brokers: who leads, who has a copy, who is in sync."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.structs import OffsetAndMetadata

from learnkafka.broker import Cluster, start_cluster
from learnkafka.errors import BrokerUnreachableError
from learnkafka.observe import Group, Observer, Partition, Topic
from learnkafka.observe.group_look import GroupLook
from learnkafka.observe.recorder import Recorder

Until = Callable[..., Any]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three brokers; each test leaves all of them running."""
    started = start_cluster(3, kind="embedded", new=True)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def looking(cluster: Cluster) -> Iterator[Observer]:
    with Observer(cluster) as observer:
        yield observer


def seen(observer: Observer, name: str) -> Topic:
    topic = observer.topic(name, records=True)
    assert topic is not None
    return topic


def in_sync(topic: Topic, brokers: list[int]) -> bool:
    return all(sorted(one.in_sync) == brokers for one in topic.partitions)


def all_in_sync(topic: Topic | None) -> bool:
    return topic is not None and in_sync(topic, [1, 2, 3])  # a broker may hear of a new topic a moment later


def send(producer: KafkaProducer, name: str, *values: bytes) -> None:
    for sent in [producer.send(name, value, partition=number) for value in values for number in range(3)]:
        sent.get(timeout=20)


def test_killed_broker(cluster: Cluster, looking: Observer, until: Until) -> None:
    """Its partitions get another leader and lose a copy in sync; what was there stays; it comes back in sync."""
    name = cluster.topic("copied", partitions=3)
    with KafkaProducer(bootstrap_servers=cluster.bootstrap_servers, acks="all") as producer:
        send(producer, name, b"one")
    before = until(lambda: all_in_sync(topic := seen(looking, name)) and topic)
    assert sorted(one.leader or 0 for one in before.partitions) == [1, 2, 3]
    assert all(sorted(one.replicas) == [1, 2, 3] and one.leader == one.replicas[0] for one in before.partitions)
    assert [one.end for one in before.partitions] == [1, 1, 1]
    assert all(one.size for one in before.partitions)
    assert len(before.records or ()) == 3
    cluster.kill_broker(2)
    # The first look is while the others still take it for alive. They are asked; it has nothing to say.
    for one in seen(looking, name).partitions:
        assert (one.end is None) == (one.leader in (2, None))
    after = until(lambda: in_sync(topic := seen(looking, name), [1, 3]) and topic)
    assert all(one.leader in (1, 3) and sorted(one.replicas) == [1, 2, 3] for one in after.partitions)
    assert after.records == before.records
    cluster.start_broker(2)
    again = until(lambda: all_in_sync(topic := seen(looking, name)) and topic)
    assert again.records == before.records


def test_end_runs_ahead_of_the_high_watermark(cluster: Cluster, looking: Observer, until: Until) -> None:
    """What the leader has and a follower in sync lacks lies between the high watermark and the end, unread."""
    name = cluster.topic("ahead", replication_factor=3)
    until(lambda: all_in_sync(looking.topic(name)))
    partition = seen(looking, name).partitions[0]
    follower = next(number for number in partition.in_sync if number != partition.leader)
    with KafkaProducer(bootstrap_servers=cluster.bootstrap_servers, acks=1) as producer:
        producer.send(name, b"on all three").get(timeout=20)
        until(lambda: seen(looking, name).partitions[0].high_watermark == 1)
        cluster.kill_broker(follower)
        try:
            producer.send(name, b"on two").get(timeout=20)
            # Now, and not later: within 3 s the others notice, and go on without it.
            topic = seen(looking, name)
            partition = topic.partitions[0]
            assert (partition.high_watermark, partition.end, follower in partition.in_sync) == (1, 2, True)
            assert [one.value for one in topic.records or ()] == [b"on all three"]

            def without_it() -> (
                Topic | None
            ):  # who is in sync is asked before the offsets, and may be of a moment earlier
                found = seen(looking, name)
                [partition] = found.partitions
                return found if partition.high_watermark == 2 and follower not in partition.in_sync else None

            topic = until(without_it)
            assert [one.value for one in topic.records or ()] == [b"on all three", b"on two"]
        finally:
            cluster.start_broker(follower)


def test_partition_without_a_leader(cluster: Cluster, looking: Observer, until: Until) -> None:
    """Where the only copy is on a dead broker there is no leader and there are no offsets; the topic is told all the same."""
    name = cluster.topic("single", partitions=3, replication_factor=1)
    owner = {one.number: one.replicas[0] for one in seen(looking, name).partitions}
    assert sorted(owner.values()) == [1, 2, 3]
    cluster.kill_broker(1)
    try:

        def orphan() -> Partition | None:
            found = next(one for one in seen(looking, name).partitions if owner[one.number] == 1)
            return found if found.leader is None else None

        found = until(orphan)
        assert (found.log_start, found.high_watermark, found.end, found.size) == (None, None, None, None)
        assert found.replicas == (1,)
        others = [one for one in seen(looking, name).partitions if one.number != found.number]
        assert [(one.log_start, one.end) for one in others] == [(0, 0), (0, 0)]
    finally:
        cluster.start_broker(1)
    until(lambda: all(one.leader for one in seen(looking, name).partitions))


def test_group_whose_coordinator_dies(cluster: Cluster, looking: Observer, until: Until) -> None:
    """Another broker takes the group over, and is found."""
    name = cluster.topic("read")
    until(lambda: all_in_sync(looking.topic(name)))
    with KafkaConsumer(bootstrap_servers=cluster.bootstrap_servers, group_id="readers") as consumer:
        consumer.assign([TopicPartition(name, 0)])
        consumer.seek(TopicPartition(name, 0), 0)
        consumer.commit()
    before = until(lambda: looking.group("readers"))  # a coordinator that has only just been chosen lists it late
    assert [(one.offset, one.lag) for one in before.committed] == [(0, 0)]
    until(lambda: all_in_sync(looking.topic("__consumer_offsets")))
    admin = looking._connections.admin(0)
    coordinator = next(
        number
        for number in (1, 2, 3)
        if any(one["group_id"] == "readers" for one in admin.list_groups(broker_ids=[number]))
    )
    recorder = Recorder(GroupLook(cluster, "readers"))
    recorder.start()

    def committed() -> list[Any]:
        frame = recorder.newest
        return [one["committed"] for one in frame.content["partitions"]] if frame and frame.state == "live" else []

    until(lambda: committed() == [0])
    told = len(recorder.frames)
    cluster.kill_broker(coordinator)
    try:

        def taken_over() -> Group | None:
            with suppress(BrokerUnreachableError):  # for as long as no broker has taken it over
                return looking.group("readers")
            return None

        after = until(taken_over)
        assert [one.offset for one in after.committed] == [0]
        with KafkaConsumer(bootstrap_servers=cluster.bootstrap_servers, group_id="readers") as consumer:
            consumer.assign([TopicPartition(name, 0)])
            consumer.commit({TopicPartition(name, 0): OffsetAndMetadata(1, "", -1)})
        until(lambda: committed() == [1])  # a look that goes on finds the new one, too
        assert not [frame for frame in recorder.frames[told:] if frame.state not in ("live", "unreachable")]
    finally:
        recorder.close()
        cluster.start_broker(coordinator)
