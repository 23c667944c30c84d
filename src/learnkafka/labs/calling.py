"""Calling a function that a learner wrote: with a deadline, with what it prints kept, and with its own line when it raises."""

from __future__ import annotations

import contextlib
import linecache
import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Any

from learnkafka.errors import CourseError
from learnkafka.labs.capturing import Beginning, captured
from learnkafka.labs.source import gap
from learnkafka.labs.verdict import CodeLine

GRACE = 2.0  # seconds for the function's own `with` blocks to close what they opened, before it hears it again

# Where the cells of a notebook, or of IPython in a terminal, say that they are.
_CELL_FILE = re.compile(r"ipykernel_\d+[/\\]|<ipython-input-")


Frames = list[tuple[FrameType, int]]  # with the number of the line that runs


class GapError(Exception):
    """The function still holds the `...` that the learner is to replace."""

    def __init__(self, line: CodeLine | None) -> None:
        super().__init__()
        self.line = line


class LearnerError(Exception):
    """The learner's function raised."""

    def __init__(self, error: BaseException, line: CodeLine | None) -> None:
        super().__init__()
        self.error = error
        self.line = line
        self.when = ""
        """What a check adds: what was special about that call."""


class DeadlineError(Exception):
    """The learner's function was still running when its time was up."""

    def __init__(self, seconds: float, line: CodeLine | None) -> None:
        super().__init__()
        self.seconds = seconds
        self.line = line
        self.when = ""
        """What a check says in place of its question."""


class _TimeIsUp(BaseException):
    """Raised inside the learner's function; not an Exception, which it may catch."""


def call(function: Callable[..., Any], *arguments: object, seconds: float, printed: Beginning) -> Any:
    """The function's result; raises GapError, LearnerError or DeadlineError."""
    if line := gap(function):
        raise GapError(line)
    stopped_at: list[Frames] = []
    own = getattr(getattr(function, "__code__", None), "co_filename", None)
    try:
        with _kept_in(printed), _deadline(seconds, stopped_at):
            return function(*arguments)
    except _TimeIsUp:
        raise DeadlineError(seconds, _line_in(stopped_at[0], own) if stopped_at else None) from None
    except NotImplementedError as error:
        raise GapError(learners_line(error.__traceback__, own)) from None
    except BaseException as error:  # noqa: BLE001 - whatever they wrote may raise, also what isn't an Exception
        raise LearnerError(error, learners_line(error.__traceback__, own)) from None


@contextlib.contextmanager
def _kept_in(printed: Beginning) -> Iterator[None]:
    """What the block prints, added to what was printed before."""
    kept = Beginning()
    try:
        with captured() as kept:
            yield
    finally:
        printed.write(kept.text)


@contextlib.contextmanager
def _deadline(seconds: float, stopped_at: list[Frames]) -> Iterator[None]:
    """Raise _TimeIsUp in the block when the time is up, and note where that was.

    By the alarm signal, since the block may wait in any call; Python delivers it to the main thread alone. Code that
    catches everything (`except:` in a loop) hears it again, from its next line on.
    """
    if threading.current_thread() is not threading.main_thread():
        raise CourseError("A check runs in the notebook's own thread; run its cell in the notebook, and not elsewhere.")
    over = False

    def at_next_line(frame: FrameType, event: str, _: object) -> Any:
        if event == "line" and not over:
            raise _TimeIsUp
        return at_next_line

    def ring(_: int, frame: FrameType | None) -> None:
        if over:
            return
        if stopped_at:
            sys.settrace(lambda *_: None)  # without it no frame's own tracing is heard
            for caller, _line in traceback.walk_stack(frame):
                if _CELL_FILE.search(caller.f_code.co_filename):
                    caller.f_trace = at_next_line
        stopped_at.append(list(traceback.walk_stack(frame)))
        raise _TimeIsUp

    tracing, handling = sys.gettrace(), signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, GRACE)
    try:
        try:
            yield
        finally:
            over = True
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        sys.settrace(tracing)
        signal.signal(signal.SIGALRM, handling)


def learners_line(trace: TracebackType | None, own: str | None = None) -> CodeLine | None:
    """The innermost line of a notebook's cell in a traceback: of the cell `own`, when it is there."""
    return _line_in(list(reversed(list(traceback.walk_tb(trace)))), own)


def _line_in(frames: Frames, own: str | None) -> CodeLine | None:
    """The same among frames that come innermost first. A helper from another cell isn't where the learner looks."""
    names = [(frame.f_code.co_filename, number) for frame, number in frames]
    inside = [(name, number) for name, number in names if _CELL_FILE.search(name)]
    for name, number in [one for one in inside if one[0] == own] or inside:
        return CodeLine(number, linecache.getline(name, number).strip())
    return None
