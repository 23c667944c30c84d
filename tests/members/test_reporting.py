"""Reports on their way: as JSON, and through a pipe that nobody reads."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from learnkafka.members import Assigned, Committed, Delivered, Ended, Event, Lost, Position, Revoked
from learnkafka.members.events import deliveries, from_dict, from_json, to_json
from learnkafka.members.gate import Gate
from learnkafka.members.reporting import FULL, Reporter
from tests.stopwatch import Stopwatch

Record = namedtuple("Record", "topic partition offset key timestamp")
PLACES = (("orders", 0), ("orders", 1))


@pytest.mark.parametrize(
    "event",
    [
        Assigned(1.5, "billing-1", 1, PLACES, 3, "billing-1-abc"),
        Assigned(1.5, "billing-1", 1, (), None, None),
        Revoked(1.5, "billing-1", 1, PLACES, 3, "billing-1-abc"),
        Lost(1.5, "billing-1", 1, PLACES, 3, "billing-1-abc"),
        Position(1.5, "billing-1", 1, "orders", 0, 17),
        Committed(1.5, "billing-1", 1, (("orders", 0, 17),), "auto", None),
        Committed(1.5, "billing-1", 1, (), "sync", "CommitFailedError"),
        Delivered(1.5, "billing-1", 2, "orders", 0, 17, "für\n\x00<b>", 1700, 16, 2),
        Ended(1.5, "billing-1", "raised", 1, "ValueError: no", 4),
    ],
    ids=lambda event: type(event).__name__,
)
def test_event_as_json_and_back(event: Event) -> None:
    """One line, and the same again; frozen."""
    line = to_json(event)
    assert "\n" not in line
    assert from_json(line) == event
    assert hash(from_json(line.encode())) == hash(event)
    with pytest.raises(AttributeError):
        event.time = 2.0  # type: ignore[misc]


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def read_all(reads: int, reporter: Reporter) -> list[Any]:
    """What comes out of the pipe, until the reporter has closed."""
    text = bytearray()
    closer = threading.Thread(target=reporter.close, args=(20,))
    closer.start()
    os.set_blocking(reads, False)
    while True:
        closing = closer.is_alive()
        try:
            text += os.read(reads, 1_000_000)
        except BlockingIOError:
            if not closing:
                break
            time.sleep(0.001)
    return [
        event
        for line in map(json.loads, text.splitlines())
        for event in (deliveries(line["deliveries"], "billing-1") if "deliveries" in line else [from_dict(line)])
    ]


def test_kernel_that_does_not_read_holds_nobody_up(pipe: tuple[int, int]) -> None:
    """200,000 deliveries into a full pipe: nothing blocks, little waits, every record is counted, order is kept."""
    reads, writes = pipe
    reporter = Reporter(writes)
    reporter.start(lambda: None)
    stopwatch = Stopwatch()
    for offset in range(100_000):
        reporter.delivered(1, [Record("orders", offset % 3, offset, b"k", 0)])
    reporter.tell(Revoked(1.0, "billing-1", 1, PLACES, 1, "id"))
    for offset in range(100_000):
        reporter.delivered(1, [Record("orders", offset % 3, offset, b"k", 0)])
    took = stopwatch.seconds()
    assert len(reporter._waiting) < FULL + 10
    reports = read_all(reads, reporter)
    (border,) = (number for number, report in enumerate(reports) if isinstance(report, Revoked))
    for part in (reports[:border], reports[border + 1 :]):
        assert sum(report.count for report in part) == 100_000
        for partition in range(3):
            spans = [(one.first, one.offset) for one in part if one.partition == partition]
            assert spans == sorted(spans)
            assert all(before[1] < after[0] for before, after in pairwise(spans))
    assert took < 20


def test_kernel_that_is_gone_ends_the_writing(pipe: tuple[int, int]) -> None:
    """A broken pipe is no error in the member; it has other ways to learn of its kernel's end."""
    reads, writes = os.pipe()
    os.close(reads)
    reporter = Reporter(writes)
    reporter.start(lambda: None)
    reporter.tell({"note": "running"})
    reporter.close(20)
    assert not reporter._writer.is_alive()
    os.close(writes)


def test_gate_holds_what_has_begun(until: Callable[..., Any]) -> None:
    """What comes to a closed gate waits there, and passes when it opens."""
    gate, passed = Gate(), []
    gate.pause(True)
    taking = threading.Thread(target=gate.deliver, args=(lambda: passed.append(1), 1))
    taking.start()
    waiting = threading.Thread(target=gate.wait)
    waiting.start()
    assert not passed
    gate.pause(False)
    taking.join(10)
    waiting.join(10)
    assert passed == [1]
