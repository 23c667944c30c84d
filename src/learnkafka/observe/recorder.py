"""One thread that looks again and again, and keeps what it saw."""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from learnkafka.errors import BrokerUnreachableError, CourseError
from learnkafka.observe import recorded
from learnkafka.observe.pace import Pace
from learnkafka.observe.recorded import Frame, State

KEEP = 600
KEEP_PARTS = 12_000
"""Frames of a hundred partitions are kept in smaller number: what changed in each is held, some 1 kB a partition."""
JOIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look saw."""

    state: State
    content: Mapping[str, Any]
    said: str = ""
    parts: int = field(default=1, compare=False)
    """How many things it is made of (partitions, members), each of which may change by itself."""


class Look(Protocol):
    """What a recorder records. Only one thread at a time looks."""

    name: str
    """The threads that its clients run have names that end with this one."""

    def look(self) -> Seen:
        """See what is there now; raises BrokerUnreachableError, or another CourseError, where that can't be."""

    def close(self) -> None:
        """End the connections; a look after this opens new ones."""


class Recorder:
    """Looks as often as looking is cheap, at most ten times a second, from `start()` to `close()`.

    No error leaves its thread: what goes wrong is a frame that says so, and the next look tries again.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._looking = threading.Lock()  # the thread's looks, and those that a caller asks for
        self._frames: deque[Frame] = deque(maxlen=KEEP)
        self._subscribers: list[Callable[[Frame], None]] = []
        self._pace = Pace(look.name)
        self._stop: threading.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def frames(self) -> tuple[Frame, ...]:
        """Those that are kept, the newest last."""
        return tuple(self._frames)

    @property
    def newest(self) -> Frame | None:
        """The last frame; None before the first look."""
        with suppress(IndexError):
            return self._frames[-1]
        return None

    @property
    def is_running(self) -> bool:
        """Whether its thread looks."""
        return self._stop is not None

    @property
    def interval(self) -> float:
        """Seconds between two looks, as it is now."""
        return self._pace.interval

    def subscribe(self, tell: Callable[[Frame], None]) -> None:
        """Have each new frame told from the recorder's thread, beginning with the newest at the next look."""
        self._subscribers.append(tell)

    def start(self) -> None:
        """Begin to look, or go on; does nothing while it looks."""
        if self._stop is None:
            self._stop = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=[self._stop], name=f"recorder-{self._look.name}", daemon=True
            )
            atexit.register(self.close)
            self._thread.start()

    def close(self) -> None:
        """End the thread and the connections; the frames stay. One that waits for a broker ends within seconds."""
        stop, thread, self._stop, self._thread = self._stop, self._thread, None, None
        if stop and thread:
            atexit.unregister(self.close)
            stop.set()
            if thread is not threading.current_thread():
                thread.join(JOIN_SECONDS)
        elif self._looking.acquire(blocking=False):
            try:
                self._look.close()
            finally:
                self._looking.release()

    def take(self) -> Frame:
        """Look now, in the caller's thread; what was seen, in a new frame where it is new."""
        with self._looking:
            try:
                return self._keep(self._seen())
            finally:
                if not self.is_running:
                    self._look.close()

    def save(self, path: str | Path) -> None:
        """Write the kept frames into a file, for `Replay`."""
        recorded.save(self.frames, path)

    def _run(self, stop: threading.Event) -> None:
        told = 0
        try:
            with self._pace.kept():
                while not stop.is_set():
                    with self._looking:
                        self._pace.begin()
                        frame = self._keep(self._seen())
                        rest = self._pace.rest()
                    if frame.seq > told and not stop.is_set():
                        told = frame.seq
                        self._tell(frame)
                    stop.wait(rest)
        finally:
            with self._looking:
                if not self.is_running or self._stop is stop:
                    self._look.close()

    def _tell(self, frame: Frame) -> None:
        for tell in tuple(self._subscribers):
            with suppress(Exception):  # a view that can't be drawn must not end the others, nor print into a notebook
                tell(frame)

    def _seen(self) -> Seen:
        try:
            return self._look.look()
        except BrokerUnreachableError as error:
            state: State = "unreachable"
            said = str(error)
        except CourseError as error:
            state, said = "refused", str(error)
        except Exception as error:  # noqa: BLE001 - a thread's traceback would land in whichever cell runs
            state, said = "failed", f"This view can't look ({type(error).__name__}: {error})."
        last = self.newest
        return Seen(state, last.content if last else {}, said)

    def _keep(self, seen: Seen) -> Frame:
        last = self.newest
        if last and (last.state, last.said) == (seen.state, seen.said) and last.content == seen.content:
            return last
        frame = Frame((last.seq if last else 0) + 1, time.time(), seen.state, seen.said, seen.content)
        self._frames.append(frame)
        while len(self._frames) > max(10, KEEP_PARTS // seen.parts):
            self._frames.popleft()
        return frame


class Replay:
    """A look that sees what saved frames show, one after another, and then the last for good: no broker is needed."""

    name = "replay"

    def __init__(self, frames: Iterable[Frame] | str | Path) -> None:
        found = recorded.load(frames) if isinstance(frames, str | Path) else frames
        self._left = deque(Seen(one.state, one.content, one.said) for one in found)
        if not self._left:
            raise CourseError("There is no frame to replay.")

    def look(self) -> Seen:
        """The next one."""
        return self._left.popleft() if len(self._left) > 1 else self._left[0]

    def close(self) -> None:
        """There are no connections."""
