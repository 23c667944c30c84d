"""In the member's process: reports go into a queue, and a thread of their own writes them to the kernel.

A kernel that doesn't read for a while never holds the consumer up. Once FULL reports wait, deliveries are counted
rather than listed: further records of a partition make the count of the report about it larger, up to the next report
of another kind. So nothing changes places, and what waits doesn't grow with the number of records.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from learnkafka.members.events import DELIVERIES, Event, to_json

FULL = 1_000
PAUSE_SECONDS = 0.005  # between two writes: a record at a time would cost the consumer a change of threads each
TICK_SECONDS = 0.1
LONGEST_KEY = 60


@dataclass(slots=True)
class _Delivery:
    """One record that was delivered, or several in a row."""

    time: float
    consumer: int
    topic: str
    partition: int
    offset: int
    key: Any
    timestamp: int
    first: int
    count: int = 1

    def row(self) -> tuple[Any, ...]:
        """The fields of Delivered after the member's name, and the time before them."""
        key = _as_text(self.key)
        return (
            self.time,
            self.consumer,
            self.topic,
            self.partition,
            self.offset,
            key,
            self.timestamp,
            self.first,
            self.count,
        )


class Reporter:
    """Where the member's threads leave their reports; none of them waits here."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._waiting: deque[Event | _Delivery | dict[str, Any]] = deque()
        self._last: dict[tuple[int, str, int], _Delivery] = {}
        self._news = threading.Event()
        self._closing = False
        self._tick: Callable[[], None] = lambda: None
        self._writer = threading.Thread(target=self._write, name="learnkafka-reports", daemon=True)

    def start(self, tick: Callable[[], None]) -> None:
        """Begin to write; `tick` is called about ten times a second, and may report."""
        self._tick = tick
        self._writer.start()

    def tell(self, report: Event | dict[str, Any]) -> None:
        """Report an event, or, as a dictionary, what only the kernel's end of the pipe needs to know."""
        with self._lock:
            self._waiting.append(report)
            self._last.clear()
        self._news.set()

    def delivered(self, consumer: int, records: Iterable[Any]) -> None:
        """Report that the file gets these records."""
        now = time.time()
        with self._lock:
            for record in records:
                topic, partition, offset = record.topic, record.partition, record.offset
                key = record.key[: 4 * LONGEST_KEY] if isinstance(record.key, bytes) else record.key
                full = len(self._waiting) >= FULL
                if full and (last := self._last.get((consumer, topic, partition))):
                    last.time, last.offset, last.key, last.timestamp = now, offset, key, record.timestamp
                    last.count += 1
                    continue
                # The value isn't kept: a thousand of them may be a gigabyte.
                delivery = _Delivery(now, consumer, topic, partition, offset, key, record.timestamp, offset)
                self._waiting.append(delivery)
                if full:
                    self._last[consumer, topic, partition] = delivery
        if not self._news.is_set():
            self._news.set()

    def close(self, seconds: float) -> None:
        """Write what still waits, within the time."""
        self._closing = True
        self._news.set()
        self._writer.join(seconds)

    def _write(self) -> None:
        ticked = time.monotonic()
        with suppress(OSError):  # the kernel is gone; so shall we be
            while True:
                self._news.wait(TICK_SECONDS)
                self._news.clear()
                closing = self._closing
                if closing or time.monotonic() - ticked >= TICK_SECONDS:
                    self._tick()
                    ticked = time.monotonic()
                with self._lock:
                    reports, self._waiting = self._waiting, deque()
                    self._last.clear()
                rest = memoryview("".join(line + "\n" for line in _lines(reports)).encode())
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
                if closing:
                    return
                time.sleep(PAUSE_SECONDS)


def _lines(reports: Iterable[Event | _Delivery | dict[str, Any]]) -> Iterator[str]:
    """The reports as lines of JSON; deliveries that follow one another share a line, which takes half the time."""
    for kind, run in groupby(reports, type):
        if kind is _Delivery:
            yield json.dumps({DELIVERIES: [report.row() for report in run if isinstance(report, _Delivery)]})
            continue
        for report in run:
            yield json.dumps(report) if isinstance(report, dict) else to_json(report)  # type: ignore[arg-type]


def _as_text(key: Any) -> str | None:
    if key is None:
        return None
    try:
        text = key.decode(errors="backslashreplace") if isinstance(key, bytes) else str(key)
    except Exception:  # noqa: BLE001 - a deserialiser may make anything of a key
        text = f"<{type(key).__name__}>"
    return text if len(text) <= LONGEST_KEY else text[: LONGEST_KEY - 1] + "…"
