"""What an observer tells of a topic, its records and its settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from learnkafka.observe import Observer, Partition, Record, Topic
from learnkafka.observe.frames import DEFAULT

if TYPE_CHECKING:
    from learnkafka.broker import Broker

Send = Callable[..., None]


def values(topic: Topic | None) -> list[bytes | None]:
    assert topic is not None
    assert topic.records is not None
    return [record.value for record in topic.records]


def test_records_of_several_partitions(broker: Broker, observer: Observer, send: Send) -> None:
    """Each record with all that it has, by partition and offset; a partition without any; nothing unless asked."""
    name = broker.topic("orders", partitions=3, retention_ms=-1)  # or records of 1970 would go at once
    send(name, b"bread", key=b"ada", timestamp_ms=1000, headers=[("from", b"till"), ("from", b"web")])
    send(name, b"salt", partition=2, timestamp_ms=3000)
    send(name, None, key=b"ada", timestamp_ms=2000)
    seen = observer.topic(name, records=True)
    assert seen is not None
    assert seen.name == name
    assert seen.records == (
        Record(0, 0, 1000, b"ada", b"bread", (("from", b"till"), ("from", b"web"))),
        Record(0, 1, 2000, b"ada", None),
        Record(2, 0, 3000, None, b"salt"),
    )
    sizes = [one.size for one in seen.partitions]
    assert seen.partitions == tuple(
        Partition(number, 0, end, end, leader=1, replicas=(1,), in_sync=(1,), size=sizes[number])
        for number, end in enumerate((2, 0, 1))
    )
    assert sizes[0] > sizes[2] > sizes[1] == 0  # type: ignore[operator]
    assert observer.topic(name) == Topic(name, seen.partitions, None)


def test_records_since(broker: Broker, observer: Observer, send: Send) -> None:
    """Reading goes on where it is told to, for the partitions that are named; at or past the end there is nothing."""
    name = broker.topic("since", partitions=3)
    for partition in range(3):
        send(name, *(b"%d %d" % (partition, number) for number in range(3)), partition=partition)
    assert values(observer.topic(name, records=True, since={0: 2, 1: 3})) == [b"0 2", b"2 0", b"2 1", b"2 2"]
    assert values(observer.topic(name, records=True, since={0: 9, 1: 3, 2: 3})) == []
    assert len(values(observer.topic(name, records=True))) == 9


def test_many_records(broker: Broker, observer: Observer, producer: KafkaProducer) -> None:
    """More than one answer of the broker has room for (1 MB), and more than a consumer gives out by default (500)."""
    name = broker.topic("many", partitions=2)
    for number in range(4000):
        producer.send(name, b"%d" % number + b" " * 1000, partition=number % 2)
    producer.flush()
    seen = observer.topic(name, records=True)
    assert seen is not None
    assert seen.records is not None
    assert [(one.partition, one.offset) for one in seen.records] == [(p, o) for p in (0, 1) for o in range(2000)]


def test_moved_log_start(broker: Broker, observer: Observer, send: Send, admin: KafkaAdminClient) -> None:
    """What was deleted isn't read any more, asked for or not, not even when nothing is left."""
    name = broker.topic("shortened")
    send(name, b"0", b"1", b"2")
    admin.delete_records({TopicPartition(name, 0): 2})
    seen = observer.topic(name, records=True, since={0: 1})
    assert values(seen) == [b"2"]
    assert seen is not None
    assert (seen.partitions[0].log_start, seen.partitions[0].end) == (2, 3)
    admin.delete_records({TopicPartition(name, 0): 3})
    seen = observer.topic(name, records=True)
    assert values(seen) == []
    assert seen is not None
    assert (seen.partitions[0].log_start, seen.partitions[0].high_watermark) == (3, 3)


def test_topic_made_anew_is_seen_anew(broker: Broker, observer: Observer, send: Send) -> None:
    """Of a topic that was deleted and made again, nothing old is seen, nor missed."""
    name = broker.topic("again", partitions=2)
    send(name, b"old", b"old")
    assert values(observer.topic(name, records=True)) == [b"old", b"old"]
    assert broker.topic("again", partitions=3) == name
    with KafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:  # the other knows two partitions
        producer.send(name, b"new", partition=2).get(timeout=20)
    seen = observer.topic(name, records=True)
    assert values(seen) == [b"new"]
    assert seen is not None
    assert [one.end for one in seen.partitions] == [0, 0, 1]


def test_cancelled_and_open_transactions(broker: Broker, observer: Observer, until: Callable[..., Any]) -> None:
    """Their records are seen; the mark that ends a transaction has an offset of its own, and is no record."""
    name = broker.topic("ledger")
    with KafkaProducer(bootstrap_servers=broker.bootstrap_servers, transactional_id="till") as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(name, b"cancelled").get(timeout=20)
        producer.abort_transaction()
        producer.begin_transaction()
        producer.send(name, b"open").get(timeout=20)
        seen = observer.topic(name, records=True)
        producer.commit_transaction()
    assert seen is not None
    assert [(one.offset, one.value) for one in seen.records or ()] == [(0, b"cancelled"), (2, b"open")]
    assert (seen.partitions[0].high_watermark, seen.partitions[0].end) == (3, 3)

    def marked() -> Any:
        """The broker writes the mark soon after it has answered the commit."""
        now = observer.topic(name, records=True, since={0: 3})
        return now if now and now.partitions[0].end == 4 else None

    assert values(until(marked)) == []


def test_compacted_records_are_missing(
    broker: Broker, observer: Observer, send: Send, until: Callable[..., Any]
) -> None:
    """Offsets whose records compaction took away are passed over."""
    name = broker.topic("stock", cleanup_policy="compact", segment_ms=100, min_cleanable_dirty_ratio=0.01)
    send(name, b"1", b"2", b"3", key=b"bread")

    def gap() -> bool:
        send(name, b"-", key=b"other")
        seen = observer.topic(name, records=True)
        assert seen is not None
        return len(values(seen)) < (seen.partitions[0].end or 0)

    until(gap)
    kept = values(observer.topic(name, records=True))
    assert b"1" not in kept
    assert b"3" in kept


def test_size_grows(broker: Broker, observer: Observer, send: Send) -> None:
    """The bytes are those on the disk, as soon as the record is there."""
    name = broker.topic("large")
    send(name, b"x" * 1000)
    before = observer.topic(name)
    send(name, b"x" * 1000)
    after = observer.topic(name)
    assert before is not None
    assert after is not None
    assert 1000 < (before.partitions[0].size or 0) < (after.partitions[0].size or 0) - 1000
    files = broker.data_files(name, 0)
    assert files is not None
    assert after.partitions[0].size == files["00000000000000000000.log"]


def test_unknown_topic(broker: Broker, observer: Observer) -> None:
    """One that isn't there, and a name that none can have."""
    name = broker.topic("there")
    for other in ("nowhere", "no topic's name"):
        assert observer.topic(other) is None
        assert observer.topic(other, records=True) is None
        assert observer.configs(other) is None
    assert name in observer.topics()
    assert "nowhere" not in observer.topics()


def test_configs(broker: Broker, observer: Observer) -> None:
    """All settings are told, and which of them were set on the topic, on the broker or by nobody."""
    configs = observer.configs(broker.topic("set", retention_ms=2000, min_insync_replicas=1))
    assert configs is not None
    assert len(configs) > 20
    assert configs["retention.ms"].value == "2000"
    assert {name for name, one in configs.items() if one.is_set_on_topic} == {"retention.ms", "min.insync.replicas"}
    # Our settings for brokers name the delay before a file is deleted.
    assert configs["file.delete.delay.ms"].value == "1000"
    assert not configs["file.delete.delay.ms"].is_set_on_topic
    assert not configs["file.delete.delay.ms"].is_default
    assert configs["segment.bytes"].is_default
    assert configs["segment.bytes"].source == DEFAULT


def test_looking_is_quick(broker: Broker, observer: Observer, send: Send, commit: Callable[..., None]) -> None:
    """Once connected, a look takes less than 0.1 s, at another topic than before too (kafka-python's pause is that)."""
    names = [broker.topic(name, partitions=3) for name in ("quick", "quicker")]
    for name in names:
        for number in range(20):
            send(name, b"%d" % number, partition=number % 3)
    commit("quick", names[0], {0: 1, 1: 1, 2: 1})

    def both() -> None:
        for name in names:
            assert len(values(observer.topic(name, records=True))) == 20

    looks: list[tuple[Callable[[], object], int]] = [
        (lambda: observer.topic(names[0]), 1),
        (lambda: observer.topic(names[0], records=True), 1),
        (lambda: observer.group("quick"), 1),
        (both, 2),
    ]
    for look, count in looks:
        look()
        assert min(seconds(look) for _ in range(5)) < 0.1 * count


def seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
