"""Keeping what our own clients log out of a learner's notebook."""

from __future__ import annotations

import logging


class _NotOurs(logging.Filter):
    """Where no logging is set up, Python prints warnings to stderr, which lands in whichever cell runs.

    Our clients log when a broker goes away; what that means is in the frame. A learner's own clients go on saying it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.name.startswith("kafka") and "learnkafka-view" in (record.threadName or ""))


_FILTER = _NotOurs()


def keep_quiet() -> None:
    """From now on; a logging of the learner's own still gets all of it."""
    if logging.lastResort:
        logging.lastResort.addFilter(_FILTER)  # once: it adds no filter twice
