"""In the member's process: SIGTERM ends the file as sys.exit() would, so that its `with` and `finally` blocks run.

Python's default would end the process without closing the consumer, and the group would wait for the session timeout.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Stopped(SystemExit):
    """Raised in the main thread, wherever the file is."""


class Stopping:
    """The handler of SIGTERM, until the file sets one of its own."""

    def __init__(self) -> None:
        self._shields = 0
        self._told = False

    def install(self) -> None:
        """Set the handler."""
        signal.signal(signal.SIGTERM, lambda _number, _frame: self._hear())

    def _hear(self) -> None:
        if self._shields:
            self._told = True
        else:
            raise Stopped(0)

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """What comes in here is raised at the end: a consumer that is closing shall leave its group in order."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
            if self._told and not self._shields:
                self._told = False
                raise Stopped(0)
