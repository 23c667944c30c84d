"""What one can do to a member that runs, and how it ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from learnkafka.errors import CourseError
from learnkafka.members import Assigned, Committed, Delivered, Ended, Lost, Member, Revoked
from tests.members.loops import LOOP, POLL

Start = Callable[..., Member]
Send = Callable[..., None]


def process_of(member: Member) -> psutil.Process:
    return psutil.Process(member._process.pid)


@pytest.mark.parametrize("code", [LOOP, POLL], ids=["iteration", "poll"])
def test_pause_and_resume(member: Start, send: Send, topic: str, until: Callable[..., Any], code: str) -> None:
    """From the moment that pause() returns nothing is delivered, until resume(); the group doesn't mind."""
    one = member(code)
    one.wait_until_assigned()
    send(*[b"x"] * 20)
    until(lambda: one.delivered == 20)
    one.pause()
    assert "paused" in repr(one)
    one.pause()
    send(*[b"y"] * 20)
    one.slow(0)  # it answers while it is paused
    assert one.delivered == 20
    one.resume()
    assert "running" in repr(one)
    until(lambda: one.delivered == 40)
    assert len([event for event in one.events if isinstance(event, Assigned)]) == 1


def test_pause_in_mid_stream(member: Start, send: Send, until: Callable[..., Any]) -> None:
    """While records come without end, pause() is no less exact."""
    send(*[b"x"] * 3000)
    one = member(LOOP)
    for _ in range(5):
        one.pause()
        before = one.delivered
        one.slow(0)
        assert one.delivered == before
        one.resume()
    until(lambda: one.delivered == 3000)
    offsets = [event.offset for event in one.events if isinstance(event, Delivered)]
    assert offsets == sorted(set(offsets))


def test_pause_past_max_poll_interval(member: Start, topic: str, send: Send, until: Callable[..., Any]) -> None:
    """Its heartbeats go on, and yet the group goes on without it; afterwards it finds that it has lost its partitions."""
    settings = {"heartbeat_interval_ms": 100, "session_timeout_ms": 60_000, "max_poll_interval_ms": 3000}
    paused, other = member(LOOP, settings=settings), member(LOOP, settings=settings)
    until(lambda: len(paused.assignment) == len(other.assignment) == 2)
    paused.pause()
    until(lambda: len(other.assignment) == 4)
    assert not any(isinstance(event, Lost) for event in paused.events)
    paused.resume()
    until(lambda: len(paused.assignment) == len(other.assignment) == 2)
    lost = next(event for event in paused.events if isinstance(event, Lost))
    assert len(lost.partitions) == 2


def test_freeze_past_the_session_timeout(member: Start, topic: str, until: Callable[..., Any]) -> None:
    """No heartbeats, so the session timeout counts; it hears nothing, and says so."""
    settings = {"heartbeat_interval_ms": 100, "session_timeout_ms": 2000}
    frozen, other = member(LOOP, settings=settings), member(LOOP, settings=settings)
    until(lambda: len(frozen.assignment) == len(other.assignment) == 2)
    frozen.freeze()
    assert "frozen" in repr(frozen)
    assert frozen.is_running
    with pytest.raises(CourseError, match="is frozen, and hears nothing; thaw"):
        frozen.pause()
    until(lambda: len(other.assignment) == 4)
    frozen.thaw()
    until(lambda: len(frozen.assignment) == len(other.assignment) == 2)
    frozen.freeze()
    frozen.stop()
    assert (frozen.exit_code, frozen.is_running) == (0, False)
    other.freeze()
    other.kill()
    assert other.exit_code == -9


@pytest.mark.parametrize("code", [LOOP, POLL], ids=["iteration", "poll"])
def test_slow(member: Start, send: Send, topic: str, until: Callable[..., Any], code: str) -> None:
    """So many milliseconds pass for each record; and 0 makes it quick again."""
    one = member(code)
    one.slow(50)
    send(*[b"x"] * 20)
    until(lambda: one.output.count("x") == 20)
    one.slow(0)
    send(*[b"y"] * 100)
    until(lambda: one.delivered == 120)
    times = {event.offset: event.time for event in one.events if isinstance(event, Delivered)}
    assert times[20] - times[0] >= 20 * 0.05
    for wrong in (-1, "5", float("inf"), None):
        with pytest.raises(CourseError, match="by milliseconds"):
            one.slow(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("code", [LOOP, POLL], ids=["iteration", "poll"])
def test_work_comes_before_the_file_has_the_record(
    member: Start, send: Send, topic: str, until: Callable[..., Any], code: str
) -> None:
    """Killed in the middle of it, the record is delivered, not printed and not committed."""
    one = member(code, settings={"enable_auto_commit": True, "auto_commit_interval_ms": 50})
    one.slow(600_000)
    send(b"a")
    until(lambda: one.delivered)
    one.kill()
    assert one.output == ""
    assert not any(offset for event in one.events if isinstance(event, Committed) for _, _, offset in event.offsets)


def test_stop_runs_the_files_own_end(member: Start, send: Send, topic: str, until: Callable[..., Any]) -> None:
    """`finally` runs, the consumer leaves the group in order, and nothing is committed: the block didn't end by itself."""
    send(b"a")
    one = member(
        """
        from kafka import KafkaConsumer
        try:
            with KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **connect) as consumer:
                for record in consumer:
                    print(record.value)
        finally:
            print("closed", consumer._closed)
        """
    )
    # Its line, not only the record: stopped at once, it may be between the text and the line's end.
    until(lambda: "b'a'\n" in one.output)
    one.stop()
    assert one.output == "b'a'\nclosed True\n"
    assert isinstance(one.events[-1], Ended)
    assert (one.events[-1].how, one.exit_code) == ("stopped", 0)
    assert any(isinstance(event, Revoked) for event in one.events)


@pytest.mark.parametrize("state", ["paused", "slow"])
def test_stop_reaches_a_member_that_waits(member: Start, send: Send, until: Callable[..., Any], state: str) -> None:
    """Also one that is paused, or in the middle of slow work."""
    one = member(LOOP)
    if state == "paused":
        one.pause()
    else:
        one.slow(600_000)
        send(b"a")
        until(lambda: one.delivered)
    one.stop()
    assert one.exit_code == 0


def test_own_handler_of_sigterm(member: Start) -> None:
    """Who sets a handler gets the signal."""
    one = member(
        """
        import signal, sys
        from kafka import KafkaConsumer
        def leave(number, frame):
            print("heard", number)
            sys.exit(3)
        signal.signal(signal.SIGTERM, leave)
        with KafkaConsumer(topic, group_id=group, **connect) as consumer:
            for record in consumer:
                pass
        """
    )
    one.stop()
    assert one.output == "heard 15\n"
    assert one.exit_code == 3
    assert repr(one).endswith("returned>")


def test_file_that_will_not_stop(member: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that catches everything is told of in a sentence; kill() ends it."""
    monkeypatch.setattr("learnkafka.members.member.STOP_SECONDS", 0.5)
    one = member(
        """
        from kafka import KafkaConsumer
        consumer = KafkaConsumer(topic, group_id=group, **connect)
        while True:
            try:
                consumer.poll(timeout_ms=100)
            except BaseException as error:
                print("no")
        """
    )
    with pytest.raises(CourseError, match=r"asked to stop 0\.5 s ago and is still there.*kill\(\)"):
        one.stop()
    assert one.is_running
    one.kill()
    assert one.output.startswith("no\n")


def test_exception_in_mid_life(member: Start, send: Send, until: Callable[..., Any]) -> None:
    """What it was, and the file's own line; the traceback is in the output, without ours in between."""
    send(b"a")
    one = member(
        """
        from kafka import KafkaConsumer
        def handle(record):
            return record.value / 2
        with KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **connect) as consumer:
            for record in consumer:
                handle(record)
        """
    )
    until(lambda: not one.is_running)
    ended = one.events[-1]
    assert isinstance(ended, Ended)
    assert (ended.how, ended.exit_code, ended.line) == ("raised", 1, 4)
    assert ended.error == "TypeError: unsupported operand type(s) for /: 'bytes' and 'int'"
    assert one.output.startswith('Traceback (most recent call last):\n  File "billing.py", line 7, in <module>\n')
    assert "learnkafka" not in one.output
    with pytest.raises(CourseError, match=r"^billing\.py raised in line 4: TypeError: unsupported .* start the member"):
        one.wait_until_assigned()
    for action in (one.pause, one.resume, one.freeze, one.thaw, lambda: one.slow(5)):
        with pytest.raises(CourseError, match=r"has ended \(raised\); start another"):
            action()


def test_interrupt_of_a_cell_does_not_reach_members(member: Start, until: Callable[..., Any]) -> None:
    """They stand in sessions of their own."""
    one = member(LOOP)
    assert os.getsid(process_of(one).pid) == process_of(one).pid


def test_killed_from_outside(member: Start, until: Callable[..., Any]) -> None:
    """A member that something else ends is seen to end."""
    one = member(LOOP)
    os.kill(process_of(one).pid, signal.SIGKILL)
    until(lambda: not one.is_running)
    assert repr(one).endswith("killed>")
    with pytest.raises(CourseError, match="was killed by SIGKILL; start another"):
        one.wait_until_assigned()


def test_not_assigned_in_time(member: Start) -> None:
    """One sentence, with what may be the matter."""
    one = member(
        """
        from kafka import KafkaConsumer
        import time
        consumer = KafkaConsumer(**connect)
        consumer.poll(timeout_ms=10)
        time.sleep(600)
        """
    )
    with pytest.raises(CourseError, match=r"given no partitions within 0\.2 s"):
        one.wait_until_assigned(0.2)
