"""A recorder: its frames, its pace, its end, and what it does when looking fails. No broker is needed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from learnkafka.errors import BrokerError, BrokerUnreachableError, CourseError
from learnkafka.observe import pace
from learnkafka.observe.recorded import Frame, load, save
from learnkafka.observe.recorder import KEEP, Recorder, Replay, Seen
from tests.observe.recording import recording
from tests.stopwatch import Stopwatch

Until = Callable[..., Any]


class Scripted:
    """A look that sees what the test says, and counts."""

    name = "scripted"

    def __init__(self, see: Callable[[int], Seen]) -> None:
        self.see = see
        self.looks = 0
        self.closed = 0

    def look(self) -> Seen:
        self.looks += 1
        return self.see(self.looks)

    def close(self) -> None:
        self.closed += 1


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("recorder-")]


def counting(number: int) -> Seen:
    return Seen("live", {"number": number})


def test_frames(until: Until) -> None:
    """They are numbered from 1, have a time, and reach whoever subscribed, each once."""
    began = time.time()
    told: list[Frame] = []
    recorder = Recorder(Scripted(counting))
    recorder.subscribe(told.append)
    assert recorder.newest is None
    recorder.start()
    recorder.start()
    until(lambda: len(told) >= 3)
    recorder.close()
    assert [frame.seq for frame in told] == list(range(1, len(told) + 1))
    assert told[2].content == {"number": 3}
    assert began <= told[0].time < told[1].time <= time.time()
    assert recorder.frames[: len(told)] == tuple(told)
    assert threads() == []


def test_nothing_new_makes_no_frame(until: Until) -> None:
    """Also where an equal content is a new object."""
    look = Scripted(lambda number: Seen("live", {"half": [min(number, 4) // 2]}))
    with recording(look) as recorder:
        until(lambda: look.looks >= 6)
    assert [frame.content["half"] for frame in recorder.frames] == [[0], [1], [2]]


def test_at_most_ten_a_second(until: Until) -> None:
    """However much there is to see, and also when a caller looks in between."""
    told: list[float] = []
    recorder = Recorder(Scripted(counting))
    recorder.subscribe(lambda frame: told.append(time.monotonic()))
    recorder.start()
    until(lambda: recorder.take() and len(told) >= 12)
    recorder.close()
    assert min(told[place + 10] - told[place] for place in range(len(told) - 10)) >= 1.0


def test_errors_are_frames(until: Until, capfd: pytest.CaptureFixture[str]) -> None:
    """With the last content kept where there is one; the next look tries again, and nothing is printed."""
    script = {
        1: Seen("live", {"number": 1}),
        2: BrokerUnreachableError("The broker didn't answer."),
        3: BrokerError("You may not look."),
        4: ZeroDivisionError("1/0"),
        5: Seen("live", {"number": 5}),
    }

    def see(number: int) -> Seen:
        step = script[min(number, 5)]
        if isinstance(step, Exception):
            raise step
        return step

    with recording(Scripted(see)) as recorder:
        recorder.subscribe(lambda frame: 1 // 0)
        until(lambda: len(recorder.frames) == 5)
    assert [(frame.state, frame.content["number"]) for frame in recorder.frames] == [
        ("live", 1),
        ("unreachable", 1),
        ("refused", 1),
        ("failed", 1),
        ("live", 5),
    ]
    assert recorder.frames[1].said == "The broker didn't answer."
    assert recorder.frames[3].said == "This view can't look (ZeroDivisionError: 1/0)."
    assert capfd.readouterr() == ("", "")


def test_close_and_start_again(until: Until) -> None:
    """The connections end with the thread; numbers go on."""
    look = Scripted(counting)
    recorder = Recorder(look)
    for _ in range(2):
        recorder.start()
        before = look.looks
        until(lambda: look.looks > before)  # noqa: B023
        recorder.close()
        recorder.close()
        assert threads() == []
    assert look.closed >= 2
    assert [frame.seq for frame in recorder.frames] == list(range(1, look.looks + 1))


def test_close_does_not_wait_for_a_broker(until: Until) -> None:
    """A look that takes long ends by itself, and tells nobody of what it saw."""
    go_on = threading.Event()

    def see(number: int) -> Seen:
        go_on.wait(30)
        return Seen("live", {})

    told: list[Frame] = []
    look = Scripted(see)
    recorder = Recorder(look)
    recorder.subscribe(told.append)
    recorder.start()
    until(lambda: look.looks == 1)
    stopwatch = Stopwatch()
    recorder.close()
    assert stopwatch.seconds() < 5
    go_on.set()
    until(lambda: threads() == [])
    assert told == []
    assert look.closed == 1


def test_take() -> None:
    """A look of the caller's own, without a thread; the connections don't stay."""
    look = Scripted(counting)
    recorder = Recorder(look)
    assert recorder.take().content == {"number": 1}
    assert recorder.take().seq == 2
    assert (look.closed, threads()) == (2, [])


def test_few_frames_are_kept() -> None:
    """And fewer where each is large."""
    recorder = Recorder(Scripted(counting))
    for _ in range(KEEP + 5):
        recorder.take()
    assert [recorder.frames[0].seq, recorder.frames[-1].seq] == [6, KEEP + 5]
    recorder = Recorder(Scripted(lambda number: Seen("live", {"number": number}, parts=1000)))
    for _ in range(20):
        recorder.take()
    assert len(recorder.frames) == 12


def test_saved_and_replayed(tmp_path: Path, until: Until) -> None:
    """Frames come back as they were, whatever is in them; a replay shows one after another, and stays at the last."""
    contents: list[dict[str, Any]] = [{"key": "Zoë\u2028<b>", "null": None}, {"key": [1, "\\"]}]
    recorder = Recorder(Scripted(lambda number: Seen("live", contents[number - 1])))
    recorder.take()
    recorder.take()
    recorder.save(tmp_path / "frames.jsonl")
    assert load(tmp_path / "frames.jsonl") == recorder.frames
    assert len((tmp_path / "frames.jsonl").read_text(encoding="utf-8").split("\n")) == 3
    with recording(Replay(tmp_path / "frames.jsonl")) as replayed:
        until(lambda: len(replayed.frames) == 2)
    assert [frame.content for frame in replayed.frames] == contents
    assert Recorder(Replay(recorder.frames)).take().content == contents[0]
    save([], tmp_path / "none.jsonl")
    with pytest.raises(CourseError, match="no frame"):
        Replay(tmp_path / "none.jsonl")


def test_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that costs much is made less often, so that looking takes a small part of a core; never more than 5 s apart."""
    clock = {"cost": 0.0, "wall": 0.0}
    monkeypatch.setattr(pace.Pace, "_clock", lambda self: clock["cost"])
    monkeypatch.setattr(pace.time, "monotonic", lambda: clock["wall"])

    def rest_after(cost: float, taken: float, between: float = 0) -> float:
        found = pace.Pace("scripted")
        found.begin()
        clock["cost"] += 100
        assert found.rest() == pace.SHORTEST  # the first opens connections, and says nothing of those to come
        clock["cost"] += between
        found.begin()
        clock["cost"] += cost
        clock["wall"] += taken
        return found.rest()

    assert rest_after(cost=0.001, taken=0.005) == pace.SHORTEST
    assert rest_after(cost=0.05, taken=0.1) == pytest.approx(0.05 / pace.SHARE - 0.1)
    # What clients use between two looks counts, and drawing does.
    assert rest_after(cost=0.03, taken=0.1, between=0.02) == pytest.approx(rest_after(cost=0.05, taken=0.1))
    assert rest_after(cost=3, taken=3) == pytest.approx(pace.LONGEST - 3)
    with pace.Pace("one").kept(), pace.Pace("another").kept():  # what looking may cost is for all together
        assert rest_after(cost=0.05, taken=0.1) == pytest.approx(2 * 0.05 / pace.SHARE - 0.1)
    assert rest_after(cost=0.05, taken=0.1) == pytest.approx(0.05 / pace.SHARE - 0.1)


def test_pace_without_clocks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the system doesn't tell what a thread used, the time that a look took counts."""
    monkeypatch.setattr(pace, "_TASKS", tmp_path)
    stop = threading.Event()
    client = threading.Thread(target=stop.wait, name="io-scripted", daemon=True)
    client.start()
    try:
        assert pace.Pace("scripted")._clock() is None
        assert pace.Pace("another")._clock() is not None
    finally:
        stop.set()
        client.join()
