"""Reading the records between two offsets of each partition, and leaving no trace."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from learnkafka.broker.environment import patience
from learnkafka.observe.connections import REQUEST_SECONDS
from learnkafka.observe.frames import Record

POLL_SECONDS = 0.1
NOTHING_SECONDS = 1.0  # long, for this is no answer but the lack of one


def read_records(
    consumer: Any, topic: str, spans: Mapping[int, tuple[int, int]], deadline: float
) -> tuple[Record, ...]:
    """The records from the first offset up to the second, which isn't read any more, of each partition.

    Not every offset has a record: compaction takes some away, and a transaction's end takes one of its own. So what
    counts is how far the consumer has come. Where the deadline passes in mid-stream, the first part is returned.
    """
    from kafka import TopicPartition
    from kafka.errors import KafkaTimeoutError

    ends = {TopicPartition(topic, number): end for number, (start, end) in spans.items() if start < end}
    if not ends:
        return ()
    found: list[Record] = []
    request_seconds, nothing_seconds = REQUEST_SECONDS * patience(), NOTHING_SECONDS * patience()
    try:
        consumer.assign(list(ends))
        for one in ends:
            consumer.seek(one, spans[one.partition][0])
        unread = {one: spans[one.partition][0] for one in ends}
        moved = time.monotonic()
        while unread:
            for one, records in consumer.poll(timeout_ms=int(POLL_SECONDS * 1000)).items():
                found += [_record(record) for record in records if record.offset < ends[one]]
            positions = {one: consumer.position(one, timeout_ms=int(request_seconds * 1000)) for one in unread}
            now = time.monotonic()
            if positions != unread:
                moved = now
            unread = {one: at for one, at in positions.items() if at is None or at < ends[one]}
            # The broker answers, and has nothing more: what was left there, compaction has taken away.
            if now - moved > nothing_seconds and all(consumer.highwater(one) is not None for one in unread):
                break
            if now - moved > request_seconds:
                raise KafkaTimeoutError(f"nothing came from {topic}")
            if now > deadline:
                break
    finally:
        consumer.unsubscribe()  # so that nothing of this look is left for the next
    return tuple(sorted(found, key=lambda record: (record.partition, record.offset)))


def _record(record: Any) -> Record:
    return Record(
        record.partition, record.offset, record.timestamp, record.key, record.value, tuple(map(tuple, record.headers))
    )
