"""In the member's process: where records pass on their way to the file, and can be held up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Gate:
    """Pausing and slowing, which the kernel asks for while the file's own thread takes records."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = False
        self._seconds = 0.0

    def pause(self, paused: bool) -> None:
        """Let no record pass from now on, or let them pass again. When this returns, that is so."""
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def slow(self, seconds: float) -> None:
        """So much work for each record from now on."""
        self._seconds = seconds

    def wait(self) -> None:
        """Return when records may pass."""
        if self._paused:
            with self._changed:
                self._changed.wait_for(self._is_open)

    def deliver(self, report: Callable[[], None], count: int) -> None:
        """Let so many records pass, and do the work that they are.

        The work comes before the file has the record, so before it can commit it: as if the file did the work.
        """
        with self._changed:
            if self._paused:
                self._changed.wait_for(self._is_open)
            report()
        while count and self._seconds:
            time.sleep(self._seconds)
            count -= 1

    def _is_open(self) -> bool:
        return not self._paused
