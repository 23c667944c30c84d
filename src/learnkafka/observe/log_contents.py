"""What a frame of a topic's log holds, as JSON values."""

from __future__ import annotations

from typing import TypedDict

LogRecord = list[int | str | None]
"""[offset, timestamp, key, fingerprint of the key, value]: texts are short; None is Kafka's null."""


class LogPartition(TypedDict):
    """One partition; None where nobody could say, or nobody was asked."""

    number: int
    leader: int | None
    log_start: int | None
    committed: int | None
    position: int | None
    high_watermark: int | None
    end: int | None
    lag: int | None
    """From the committed offset to the high watermark; from the position where no group was given."""
    size: int | None
    segments: list[int] | None
    """Base offsets, the active segment's last; None where the data directory can't be seen."""
    read_from: int | None
    """Every record from this offset to `read_to` is in `records`: offsets between that have none are gaps."""
    read_to: int | None
    records: list[LogRecord] | None
    """The newest, by offset; None where one may not read them."""


class LogContent(TypedDict):
    """A topic's log; no partitions while there is no such topic."""

    topic: str
    group: str | None
    follows: bool
    """Whether consumers were handed over, so that a position may be known."""
    records: int
    exact: bool
    """Whether `records` counts records; else offsets, of which some have lost their record or never had one."""
    partitions: list[LogPartition]
