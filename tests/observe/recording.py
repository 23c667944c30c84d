"""A recorder that looks for as long as a test's block lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from learnkafka.observe.recorder import Look, Recorder


@contextmanager
def recording(look: Look) -> Iterator[Recorder]:
    """It runs, and in the end it is closed."""
    recorder = Recorder(look)
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.close()
