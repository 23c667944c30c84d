"""What members report of records, commits and positions; and that the file's own code goes on as ever."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from learnkafka.members import Assigned, Committed, Delivered, Ended, Member, Position, Revoked
from tests.members.loops import LOOP, POLL

Start = Callable[..., Member]
Send = Callable[..., None]


def deliveries(member: Member) -> list[tuple[int, int]]:
    return [(event.partition, event.offset) for event in member.events if isinstance(event, Delivered)]


def commits(member: Member) -> list[Committed]:
    return [event for event in member.events if isinstance(event, Committed)]


@pytest.mark.parametrize("code", [LOOP, POLL], ids=["iteration", "poll"])
def test_each_delivery_is_reported_once(
    member: Start, send: Send, topic: str, until: Callable[..., Any], code: str
) -> None:
    """Partition, offset, key and timestamp, for iteration and poll() alike; the output is the file's."""
    stamp = int(time.time() * 1000) - 5000  # much older, and retention would take it
    send(b"a", b"b", key=b"k", timestamp_ms=stamp)
    send(b"c", partition=3)
    one = member(code)
    until(lambda: one.delivered == 3)
    assert sorted(deliveries(one)) == [(0, 0), (0, 1), (3, 0)]
    first = next(event for event in one.events if isinstance(event, Delivered) and event.partition == 0)
    assert (first.topic, first.key, first.timestamp, first.consumer) == (topic, "k", stamp, 1)
    assert (first.first, first.count) == (0, 1)
    assert [event.key for event in one.events if isinstance(event, Delivered) and event.partition == 3] == [None]
    until(lambda: one.output.count("\n") == 3)
    assert sorted(one.output.splitlines()) == ["b'a'", "b'b'", "b'c'"]
    send(b"d", partition=1)
    until(lambda: one.delivered == 4)


def test_next_is_a_delivery(member: Start, send: Send, until: Callable[..., Any]) -> None:
    """`next(consumer)`, and then the file's end: it returned, after it had closed its consumer."""
    send(b"a", b"b", b"c")
    one = member(LOOP.replace("for record in consumer:\n        print(record.value)", "print(next(consumer).value)"))
    until(lambda: not one.is_running, 30)
    assert deliveries(one) == [(0, 0)]
    ended = one.events[-1]
    assert isinstance(ended, Ended)
    assert (ended.how, ended.exit_code, ended.error, ended.line) == ("returned", 0, None, None)
    assert commits(one)[-1].offsets[0][1:] == (0, 1)


def test_delivered_twice_after_a_kill_without_commit(
    member: Start, send: Send, topic: str, until: Callable[..., Any]
) -> None:
    """What nobody committed comes again, to whoever has the partition next."""
    send(b"a", b"b")
    settings = {"enable_auto_commit": False, "session_timeout_ms": 1500, "heartbeat_interval_ms": 100}
    one = member(settings=settings)
    until(lambda: one.delivered == 2)
    one.kill()
    assert commits(one) == []
    other = member(settings=settings)
    until(lambda: other.delivered == 2)
    assert Counter(deliveries(one) + deliveries(other)) == {(0, 0): 2, (0, 1): 2}


def test_automatic_commits(member: Start, send: Send, topic: str, until: Callable[..., Any]) -> None:
    """With the offsets of the next records, and that they succeeded; after that nothing comes again."""
    send(b"a", b"b")
    one = member(settings={"auto_commit_interval_ms": 100})
    until(lambda: any((topic, 0, 2) in event.offsets for event in commits(one)))
    assert {(event.how, event.error) for event in commits(one)} == {("auto", None)}
    one.stop()
    send(b"c")
    other = member()
    until(lambda: other.delivered)
    assert deliveries(other) == [(0, 2)]


def test_explicit_commits(member: Start, send: Send, topic: str, until: Callable[..., Any]) -> None:
    """commit() and commit_async() of positions or of given offsets; a refused one with its error."""
    send(b"a", b"b", b"c")
    one = member(
        """
        from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
        consumer = KafkaConsumer(
            topic, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False, max_poll_records=1, **connect
        )
        for number, record in enumerate(consumer):
            if number == 0:
                consumer.commit()
            elif number == 1:
                consumer.commit_async(callback=lambda offsets, answer: print("answered"))
            else:
                there = TopicPartition(topic, 0)
                consumer.commit({there: OffsetAndMetadata(1, "", -1)})
                consumer._coordinator._generation.generation_id += 5
                try:
                    consumer.commit()
                except Exception as error:
                    print(type(error).__name__)
                break
        consumer.poll()
        consumer.close()
        """
    )
    until(lambda: not one.is_running)
    at = [(event.how, {part: offset for _, part, offset in event.offsets}[0], event.error) for event in commits(one)]
    assert at == [("sync", 1, None), ("async", 2, None), ("sync", 1, None), ("sync", 3, "CommitFailedError")]
    assert sorted(one.output.splitlines()) == ["CommitFailedError", "answered"]


def test_positions_follow(member: Start, send: Send, topic: str, until: Callable[..., Any]) -> None:
    """The newest position of each partition comes through, and not one for each record."""
    send(*[b"x"] * 500)
    send(b"y", partition=2)
    one = member()

    def newest() -> dict[int, int]:
        return {event.partition: event.offset for event in one.events if isinstance(event, Position)}

    until(lambda: newest() == {0: 500, 1: 0, 2: 1, 3: 0})
    moves = [event.offset for event in one.events if isinstance(event, Position) and event.partition == 0]
    assert moves == sorted(set(moves))
    assert len(moves) < 250


def test_order_of_events(member: Start, send: Send, topic: str, until: Callable[..., Any]) -> None:
    """Assigned before delivered, delivered before committed, committed before revoked; the end is last."""
    send(b"a")
    one = member(LOOP + "        consumer.commit()\n", settings={"enable_auto_commit": False})
    until(lambda: commits(one))
    one.stop()
    kinds = [type(event) for event in one.events if not isinstance(event, Position)]
    assert [kind for number, kind in enumerate(kinds) if kind not in kinds[:number]] == [
        Assigned,
        Delivered,
        Committed,
        Revoked,
        Ended,
    ]
    times = [event.time for event in one.events if isinstance(event, Assigned | Delivered | Revoked | Ended)]
    assert times == sorted(times)
    assert {event.member for event in one.events} == {one.name}


def test_own_listener_is_called_as_ever(member: Start, send: Send, topic: str, until: Callable[..., Any]) -> None:
    """`subscribe(listener=…)`: with sets of TopicPartitions, on each change; our reports come beside it."""
    one = member(
        """
        from kafka import ConsumerRebalanceListener, KafkaConsumer
        class Listener(ConsumerRebalanceListener):
            def on_partitions_assigned(self, assigned):
                print("assigned", sorted(place.partition for place in assigned), type(assigned).__name__)
            def on_partitions_revoked(self, revoked):
                print("revoked", sorted(place.partition for place in revoked), type(revoked).__name__)
        with KafkaConsumer(group_id=group, **connect) as consumer:
            consumer.subscribe([topic], listener=Listener())
            for record in consumer:
                break
        """
    )
    one.wait_until_assigned()
    until(lambda: one.events and any(isinstance(event, Position) for event in one.events))
    send(b"a")
    until(lambda: not one.is_running)
    assert one.output.splitlines() == ["revoked [] set", "assigned [0, 1, 2, 3] set", "revoked [0, 1, 2, 3] set"]
    assert [type(event) for event in one.events if isinstance(event, Assigned | Revoked)] == [Assigned, Revoked]


def test_listener_that_raises_ends_the_file_as_ever(member: Start, until: Callable[..., Any]) -> None:
    """kafka-python hands its error to poll(), and so does a member."""
    one = member(
        """
        from kafka import ConsumerRebalanceListener, KafkaConsumer
        class Listener(ConsumerRebalanceListener):
            def on_partitions_assigned(self, assigned):
                raise ValueError("no room")
            def on_partitions_revoked(self, revoked):
                pass
        consumer = KafkaConsumer(group_id=group, **connect)
        consumer.subscribe([topic], listener=Listener())
        for record in consumer:
            pass
        """
    )
    until(lambda: not one.is_running, 30)
    assert isinstance(one.events[-1], Ended)
    said = "kafka.errors.KafkaError: KafkaError: User rebalance callback throws an error (ValueError: no room)"
    assert one.events[-1].error == said
    assert one.events[-1].line == 10
    assert "ValueError: no room" in one.output
    assert "instruments.py" not in one.output


def test_several_consumers_and_assign(member: Start, send: Send, topic: str, until: Callable[..., Any]) -> None:
    """A second consumer of the file, with partitions of its own choice, is told apart; subclasses are fine."""
    send(b"a", b"b")
    one = member(
        """
        from kafka import KafkaConsumer, TopicPartition
        class Mine(KafkaConsumer):
            pass
        other = Mine(group_id=None, **connect)
        other.assign([TopicPartition(topic, 0), TopicPartition(topic, 1)])
        other.seek(TopicPartition(topic, 0), 1)
        print(next(other).value)
        other.unsubscribe()
        alone = KafkaConsumer(topic, group_id=None, consumer_timeout_ms=300, **connect)
        print(list(alone))
        with KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **connect) as consumer:
            for record in consumer:
                print(record.value)
        """
    )
    until(lambda: one.delivered == 3)
    changes = [
        (type(event).__name__, event.consumer, len(event.partitions), event.generation)
        for event in one.events
        if isinstance(event, Assigned | Revoked)
    ]
    assert changes == [
        ("Assigned", 1, 2, None),
        ("Revoked", 1, 2, None),
        ("Assigned", 2, 4, None),
        ("Assigned", 3, 4, 1),
    ]
    seen = [(event.consumer, event.offset) for event in one.events if isinstance(event, Delivered)]
    assert seen == [(1, 1), (3, 0), (3, 1)]
    until(lambda: one.output.splitlines() == ["b'b'", "[]", "b'a'", "b'b'"])


def test_strange_records(member: Start, producer: Any, topic: str, until: Callable[..., Any]) -> None:
    """Markup, nulls, bytes that aren't text, a long key, and a value of 1 MB come through; values aren't reported."""
    keys = [None, b"<b>&amp;", b"\xff\x00", b"null", "für".encode(), b"k" * 500, b""]
    values = [b"no key", b"<script>", b"\x00\xff", None, b"", b"v", b"x" * 1_000_000]
    for key, value in zip(keys, values, strict=True):
        producer.send(topic, value, key=key, partition=0).get(20)
    one = member(LOOP.replace("record.value", "len(record.value or b'')"))
    until(lambda: one.delivered == 7)
    told = [event.key for event in one.events if isinstance(event, Delivered)]
    assert told == [None, "<b>&amp;", "\\xff\x00", "null", "für", "k" * 59 + "…", ""]
    until(lambda: one.output.splitlines() == ["6", "8", "2", "0", "0", "1", "1000000"])


def test_keys_that_a_deserialiser_made(member: Start, send: Send, until: Callable[..., Any]) -> None:
    """Whatever a key has become in the file, its report is text."""
    send(b"a", key=b"7")
    one = member(
        """
        from kafka import Deserializer, KafkaConsumer
        class Broken:
            def __str__(self):
                raise ValueError
        class Odd(Deserializer):
            def deserialize(self, topic, headers, data):
                return Broken()
        with KafkaConsumer(
            topic, group_id=group, auto_offset_reset="earliest", key_deserializer=Odd(), **connect
        ) as consumer:
            for record in consumer:
                pass
        """
    )
    until(lambda: one.delivered)
    assert [event.key for event in one.events if isinstance(event, Delivered)] == ["<Broken>"]


def test_much_output_is_bounded(member: Start, until: Callable[..., Any]) -> None:
    """The end is kept, in memory and on the disk."""
    one = member(
        """
        from kafka import KafkaConsumer
        import os, time
        with KafkaConsumer(topic, group_id=group, **connect) as consumer:
            consumer.poll()
            for number in range(200_000):
                print("<p>", number, "x" * 80)
            time.sleep(0.3)
            print("the end", os.fstat(1).st_size < 16_000_000)
        """
    )
    until(lambda: not one.is_running, 60)
    assert len(one.output) <= 100_000
    assert one.output.endswith("the end True\n")
