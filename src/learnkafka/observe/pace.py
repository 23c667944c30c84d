"""How often to look, so that looking costs a small part of one core."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

SHORTEST = 0.1
"""Seconds from a frame to the next look: so at most 10 frames a second, whatever the traffic."""
LONGEST = 5.0
SHARE = 0.07
"""The part of one core that views may take: all that look at the same time, together."""

_TASKS = Path("/proc/self/task")


class Pace:
    """Says how long to rest after a look, from what the last ones cost: with drawing, and all that clients do by themselves."""

    _looking: ClassVar[set[Pace]] = set()
    """Those that share SHARE."""

    def __init__(self, threads_end_with: str) -> None:
        self._suffix = threads_end_with
        self._began = time.monotonic()
        self._used: float | None = None
        self._cost: float | None = None
        self._is_first = True

    @property
    def interval(self) -> float:
        """Seconds from the beginning of a look to that of the next, as far as its cost decides."""
        return min(LONGEST, max(SHORTEST, (self._cost or 0.0) * max(1, len(self._looking)) / SHARE))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """While in here, its looks count among those that share what looking may cost."""
        self._looking.add(self)
        self._is_first = True
        try:
            yield
        finally:
            self._looking.discard(self)

    def begin(self) -> None:
        """A look begins."""
        self._began = time.monotonic()

    def rest(self) -> float:
        """A look has ended: the seconds to wait until the next."""
        taken = time.monotonic() - self._began
        before, self._used = self._used, self._clock()
        if self._is_first:  # it opens connections, which later ones don't
            self._is_first = False
            return SHORTEST
        # Where nobody tells what the clients' threads used, the look's time on the wall.
        cost = taken if before is None or self._used is None else max(0.0, self._used - before)
        self._cost = cost if self._cost is None else 0.7 * self._cost + 0.3 * cost
        return max(SHORTEST, self.interval - taken)

    def _clock(self) -> float | None:
        """Seconds of one core that this thread and those of our clients have used; None where that can't be known.

        A thread's clock by its pthread id would be undefined for one that has just ended; a file is only missing.
        """
        used = time.thread_time()
        for thread in threading.enumerate():
            if thread.name.endswith(self._suffix) and thread is not threading.current_thread():
                try:
                    said = (_TASKS / str(thread.native_id) / "schedstat").read_text(encoding="ascii")
                except OSError:
                    return None
                used += int(said.split()[0]) / 1e9
        return used
