"""Looking at a topic's log: offsets of every partition, and the newest records, each read once."""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from learnkafka.errors import BrokerError, BrokerUnreachableError
from learnkafka.observe.connections import Connections
from learnkafka.observe.groups import look_at_group
from learnkafka.observe.observer import Observer, _described, _settled_by
from learnkafka.observe.partitions import ask_leaders, partitions_of, places_of
from learnkafka.observe.positions import checked_consumers, positions_in
from learnkafka.observe.quiet import keep_quiet
from learnkafka.observe.reading import read_records
from learnkafka.observe.recorder import Seen
from learnkafka.observe.texts import KEY_LENGTH, VALUE_LENGTH, fingerprint, short_text

if TYPE_CHECKING:
    from kafka import KafkaConsumer

    from learnkafka.broker import Broker
    from learnkafka.observe.frames import Partition, Record
    from learnkafka.observe.log_contents import LogContent, LogPartition, LogRecord

NEWEST = 60
RECORDS_IN_ALL = 1_200
WINDOW_BYTES = 1_000_000
"""Of large records fewer are read at first, as far as the mean size tells."""
FULL_SECONDS = 5.0
"""So often what was read of a partition is read anew, in case compaction took from it what its size doesn't show."""
SEGMENTS_SECONDS = 0.02
"""At each look so long is spent on listing segments: in a container each listing is a command."""

_SEGMENT = re.compile(r"(\d{20})\.log")
_numbers = itertools.count(1)

Spans = dict[int, tuple[int, int]]
SpansOf = Callable[[str, "tuple[Partition, ...]"], Spans]
"""For a topic's id and partitions."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the broker told in one look."""

    topic_id: str
    """Another one when the topic was deleted and made anew under its name."""
    partitions: tuple[Partition, ...]
    records: tuple[Record, ...] | None
    spans: Spans
    committed: Mapping[int, int]


@dataclass(slots=True)
class Window:
    """What has been read of one partition."""

    read_from: int = 0
    read_to: int = 0
    records: list[LogRecord] = field(default_factory=list)
    log_start: int = 0
    size: int | None = None
    whole_at: float = field(default_factory=time.monotonic)
    """When all of `records` were last read at once, and how large the partition was then."""
    whole_size: int | None = None
    in_doubt: bool = False
    """The last offsets had no record: the end of a transaction, or an answer that came too late."""
    doubted_to: int = -1
    segments: list[int] | None = None
    listed_for: tuple[int | None, int | None] | None = None
    """The log start and size for which the segments were listed."""
    shown: LogPartition | None = None


class LogConnections(Connections):
    """A consumer that fetches little at a time: only a few records of each partition are wanted."""

    def __init__(self, bootstrap_servers: str, config: Mapping[str, Any], name: str) -> None:
        super().__init__(bootstrap_servers, config)
        self._settings["client_id"] = name
        keep_quiet()

    def _open(self, client: Callable[..., Any], deadline: float, **settings: Any) -> Any:
        if "max_poll_records" in settings:
            # A batch is sent whole even where it is larger (KIP-74).
            settings |= {"max_poll_records": 500, "max_partition_fetch_bytes": 32_768, "fetch_max_bytes": 2_000_000}
        return super()._open(client, deadline, **settings)


class LogObserver(Observer):
    """Tells of a topic what its picture needs, in one call."""

    def __init__(self, broker: Broker, name: str) -> None:
        super().__init__(broker)
        self._connections = LogConnections(broker.bootstrap_servers, broker.client_config(), name)
        self._group_was_there = False

    def log(self, topic: str, group: str | None, spans_of: SpansOf) -> Told | None:
        """The partitions, the records between the offsets that `spans_of` wants, and what the group has committed."""
        return self._ask(lambda deadline: self._look_at_log(topic, group, spans_of, deadline))

    def _look_at_log(self, name: str, group: str | None, spans_of: SpansOf, deadline: float) -> Told | None:
        from kafka.errors import TopicAuthorizationFailedError

        admin = self._connections.admin(deadline)
        described = _described(admin, name)
        if described is None:
            return None
        partitions = partitions_of(described, ask_leaders(admin, places_of([described]), _settled_by(deadline)))
        # Before the records: what was committed before they were read isn't beyond them.
        committed = self._committed(group, name, deadline) if group else {}
        topic_id = str(described["topic_id"])
        spans = spans_of(topic_id, partitions)
        records: tuple[Record, ...] | None = None
        try:
            records = read_records(self._connections.consumer(deadline), name, spans, deadline) if spans else ()
        except TopicAuthorizationFailedError:
            spans = {}
        return Told(topic_id, partitions, records, spans, committed)

    def _committed(self, group: str, topic: str, deadline: float) -> dict[int, int]:
        admin = self._connections.admin(deadline)
        if not self._group_was_there:
            # To ask for the coordinator of a group that was never there would make a topic of Kafka's own.
            self._group_was_there = look_at_group(admin, group, deadline) is not None
        if not self._group_was_there:
            return {}
        offsets = admin.list_group_offsets({group: None})[group]
        self._group_was_there = bool(offsets)
        return {one.partition: at.offset for one, at in offsets.items() if one.topic == topic and at.offset >= 0}


class LogLook:
    """A recorder's look at a topic, with a group's committed offsets and the positions of a learner's consumers."""

    def __init__(
        self, broker: Broker, topic: str, group: str | None = None, consumers: Iterable[KafkaConsumer] = ()
    ) -> None:
        self.topic = topic
        self.group = group
        self.name = f"learnkafka-view-{os.getpid()}-{next(_numbers)}"
        self._broker = broker
        self._consumers = checked_consumers(consumers)
        self._observer = LogObserver(broker, self.name)
        self._windows: dict[int, Window] = {}
        self._topic_id = ""
        self._sees_segments = True
        self._next_listed = 0

    def look(self) -> Seen:
        """The log now; `absent` while there is no such topic."""
        seen = self._look_once()
        if any(window.in_doubt for window in self._windows.values()):
            seen = self._look_once()  # so that a snapshot has what came a moment too late
        return seen

    def _look_once(self) -> Seen:
        told = self._observer.log(self.topic, self.group, self._spans)
        if told is None:
            self._windows.clear()
            return Seen("absent", self._content([]), f"There is no topic {self.topic!r} yet.")
        positions = positions_in(self.topic, self._consumers)
        if told.topic_id != self._topic_id:
            self._topic_id = told.topic_id
            self._windows.clear()
        for one in told.partitions:
            if one.number not in self._windows:
                self._windows[one.number] = Window()
        self._take(told)
        self._list_segments(told.partitions)
        readable = told.records is not None
        partitions = [
            self._shown(one, told.committed.get(one.number), positions.get(one.number), readable)
            for one in told.partitions
        ]
        return Seen("live", self._content(partitions), parts=len(partitions))

    def close(self) -> None:
        """End the connections."""
        self._observer.close()

    # Which records to read.

    def _spans(self, topic_id: str, partitions: tuple[Partition, ...]) -> Spans:
        if topic_id != self._topic_id:
            self._windows.clear()
        count = newest_of_each(len(partitions))
        spans = {}
        for one in partitions:
            if one.log_start is not None and one.high_watermark is not None and count:
                first = self._first_to_read(one, one.log_start, one.high_watermark, count)
                if first < one.high_watermark:
                    spans[one.number] = first, one.high_watermark
        return spans

    def _first_to_read(self, one: Partition, log_start: int, high_watermark: int, count: int) -> int:
        window = self._windows.get(one.number)
        newest = max(log_start, high_watermark - count)
        if window is None or window.read_to > high_watermark or window.read_to < newest:
            held = high_watermark - log_start
            mean = (one.size or 0) / held if held else 0
            return max(newest, high_watermark - max(1, int(WINDOW_BYTES / mean))) if mean else newest
        shrank = one.size is not None and window.size is not None and one.size < window.size
        changed = one.size != window.whole_size
        if window.in_doubt or shrank or (changed and time.monotonic() > window.whole_at + FULL_SECONDS):
            return max(newest, window.read_from)
        return window.read_to

    def _take(self, told: Told) -> None:
        """Put what was read to what is known already."""
        count = newest_of_each(len(told.partitions))
        read: dict[int, list[LogRecord]] = {number: [] for number in told.spans}
        for record in told.records or ():
            read[record.partition].append(
                [
                    record.offset,
                    record.timestamp,
                    short_text(record.key, KEY_LENGTH),
                    fingerprint(record.key),
                    short_text(record.value, VALUE_LENGTH),
                ]
            )
        for one in told.partitions:
            if one.log_start is None or one.high_watermark is None:
                continue
            window = self._windows[one.number]
            if one.number in told.spans:
                first, to = told.spans[one.number]
                if first != window.read_to:  # as a whole, for the first time or again
                    window.records, window.read_from = [], first
                    window.whole_at, window.whole_size = time.monotonic(), one.size
                window.records = window.records + read[one.number]
                window.read_to = to
                short = not window.records or cast("int", window.records[-1][0]) < to - 1
                window.in_doubt, window.doubted_to = short and window.doubted_to != to, to
            elif window.read_to > one.high_watermark:  # a topic made anew under this name, and empty
                window.records, window.read_from, window.read_to = [], one.log_start, one.high_watermark
            window.log_start, window.size = one.log_start, one.size
            window.read_from = max(window.read_from, one.log_start, one.high_watermark - count)
            window.read_to = max(window.read_to, window.read_from)
            if window.records and cast("int", window.records[0][0]) < window.read_from:
                window.records = [record for record in window.records if cast("int", record[0]) >= window.read_from]

    # Segments.

    def _list_segments(self, partitions: tuple[Partition, ...]) -> None:
        """Those of as many partitions as there is time for, of which something has changed, in turns."""
        until = time.monotonic() + SEGMENTS_SECONDS
        for place in range(len(partitions)):
            one = partitions[(self._next_listed + place) % len(partitions)]
            window = self._windows[one.number]
            state = one.log_start, one.size
            if not self._sees_segments or window.listed_for == state:
                continue
            if time.monotonic() > until:
                self._next_listed = (self._next_listed + place) % len(partitions)
                return
            try:
                files = self._broker.data_files(self.topic, one.number)
            except BrokerUnreachableError:
                raise
            except (BrokerError, OSError):  # it has just ended, or a file went between being listed and being asked
                return
            if files is None:
                self._sees_segments = False
                return
            bases = [int(found[1]) for name in files if (found := _SEGMENT.fullmatch(name))]
            # One whose offsets are all before the log start is about to be deleted.
            kept = [
                base
                for base, after in itertools.pairwise([*sorted(bases), None])
                if base is not None and (after is None or after > (one.log_start or 0))
            ]
            window.segments = kept or None
            window.listed_for = state

    # What is drawn.

    def _shown(self, one: Partition, committed: int | None, position: int | None, readable: bool) -> LogPartition:
        window = self._windows[one.number]
        reached = committed if self.group else position
        lag = None if reached is None or one.high_watermark is None else max(0, one.high_watermark - reached)
        new: LogPartition = {
            "number": one.number,
            "leader": one.leader,
            "log_start": one.log_start,
            "committed": committed,
            "position": position,
            "high_watermark": one.high_watermark,
            "end": one.end,
            "lag": lag,
            "size": one.size,
            "segments": window.segments,
            "read_from": window.read_from if readable else None,
            "read_to": window.read_to if readable else None,
            "records": window.records if readable else None,
        }
        if window.shown != new:  # else the old one, so that frames share it
            window.shown = new
        return window.shown

    def _content(self, partitions: list[LogPartition]) -> LogContent:
        held = 0
        exact = True
        for one in partitions:
            if one["high_watermark"] is None or one["log_start"] is None:
                exact = False
                continue
            held += one["high_watermark"] - one["log_start"]
            if one["records"] is None or one["read_from"] is None or one["read_to"] is None:
                continue
            gaps = one["read_to"] - one["read_from"] - len(one["records"])
            held -= gaps
            if gaps and one["read_from"] > one["log_start"]:
                exact = False
        return {
            "topic": self.topic,
            "group": self.group,
            "follows": bool(self._consumers),
            "records": held,
            "exact": exact,
            "partitions": partitions,
        }


def newest_of_each(partitions: int) -> int:
    """How many records of each partition are shown: of many partitions fewer, and none of very many."""
    if partitions <= RECORDS_IN_ALL // NEWEST:
        return NEWEST
    return RECORDS_IN_ALL // partitions // 4 * 4
