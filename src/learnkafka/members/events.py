"""What a member reports, as frozen dataclasses, and as lines of JSON on its way to the kernel.

The words are those of kafka-python's and Kafka's documentation: partitions are assigned, revoked or lost (the three
calls of a ConsumerRebalanceListener), offsets are committed, a position is the offset of the next record.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import Any

Partitions = tuple[tuple[str, int], ...]
"""(topic, partition), sorted."""


@dataclass(frozen=True, slots=True)
class Event:
    """What all events have."""

    time: float
    """When it happened: seconds since the epoch."""
    member: str
    """The member's name."""


@dataclass(frozen=True, slots=True)
class _FromConsumer(Event):
    consumer: int
    """Which consumer of the file: 1 for the first that it made."""


@dataclass(frozen=True, slots=True)
class _Change(_FromConsumer):
    partitions: Partitions
    generation: int | None
    """The group's generation that this belongs to; None where the consumer chose its partitions itself."""
    member_id: str | None
    """What the group's coordinator calls this consumer."""


@dataclass(frozen=True, slots=True)
class Assigned(_Change):
    """A rebalance is complete: these are all the partitions that the consumer now has. There may be none."""


@dataclass(frozen=True, slots=True)
class Revoked(_Change):
    """The consumer gives these partitions back: a rebalance begins, or it closes."""


@dataclass(frozen=True, slots=True)
class Lost(_Change):
    """The consumer finds that the group has gone on without it; others may have had these partitions for a while."""


@dataclass(frozen=True, slots=True)
class Position(_FromConsumer):
    """Where the consumer is in a partition: the offset of the next record. At most about ten a second are reported."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Committed(_FromConsumer):
    """A commit has been answered."""

    offsets: tuple[tuple[str, int, int], ...]
    """(topic, partition, offset), sorted."""
    how: str
    """`sync` (`commit()`), `async` (`commit_async()`) or `auto`."""
    error: str | None
    """The name of kafka-python's error; None when the commit succeeded."""


@dataclass(frozen=True, slots=True)
class Delivered(_FromConsumer):
    """A record was handed to the file; or several of one partition, where they came faster than they could be told."""

    topic: str
    partition: int
    offset: int
    """The record's offset; the last one's where there are several."""
    key: str | None
    """The key as text, its beginning where it is long; None for a null key."""
    timestamp: int
    """The record's own, in milliseconds since the epoch."""
    first: int
    """The first one's offset; the same as `offset` for one record."""
    count: int = 1
    """How many records this stands for."""


@dataclass(frozen=True, slots=True)
class Ended(Event):
    """The process is no more; always the last event."""

    how: str
    """`returned`, `raised`, `stopped` (the file ended because of SIGTERM), `killed` (by a signal) or `exited` (in the
    midst of the file, as by `os._exit()`)."""
    exit_code: int
    """0 when all was well; negative for the signal that killed it, as in `subprocess`."""
    error: str | None = None
    """The exception, as in the last line of a traceback."""
    line: int | None = None
    """The line of the member's file that it came from."""


KINDS: dict[str, type[Event]] = {
    kind.__name__: kind for kind in (Assigned, Revoked, Lost, Position, Committed, Delivered, Ended)
}
DELIVERIES = "deliveries"
_NAMES = {name: tuple(field.name for field in fields(kind)) for name, kind in KINDS.items()}


def to_json(event: Event) -> str:
    """The event as one line, without its end."""
    kind = type(event).__name__
    return json.dumps({"event": kind, **{name: getattr(event, name) for name in _NAMES[kind]}})


def from_json(line: str | bytes) -> Event:
    """The event that `to_json` wrote."""
    return from_dict(json.loads(line))


def from_dict(values: dict[str, Any]) -> Event:
    """The event in a line that json has read; `values` is used up."""
    kind = KINDS[values.pop("event")]
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(map(tuple, value))
    return kind(**values)


def deliveries(rows: list[list[Any]], member: str) -> list[Event]:
    """What a line with many deliveries tells: each as its fields in order, without the member's name."""
    return [Delivered(time, member, *rest) for time, *rest in rows]
