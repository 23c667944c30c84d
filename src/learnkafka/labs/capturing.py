"""Keeping what is written to standard output and standard error, by whichever way it goes there.

nbgrader takes a check's points away when anything reaches standard error during it: a warning, a logging handler that has
held on to the stream since before, a program that the learner's function starts.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator

DESCRIPTORS = (1, 2)
LONGEST = 2_000  # characters that are kept: a loop may print without end


class Beginning(io.TextIOBase):
    """Takes any text, and keeps its beginning."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        if len(self.text) < LONGEST:
            self.text += text[: LONGEST - len(self.text)]
        return len(text)


@contextlib.contextmanager
def captured() -> Iterator[Beginning]:
    """What is written while the block runs; complete when it has ended. One may lie within another."""
    kept = Beginning()
    with (
        _descriptors_into(kept),
        _writes_into(kept, sys.stdout),
        _writes_into(kept, sys.stderr),
        contextlib.redirect_stdout(kept),
        contextlib.redirect_stderr(kept),
    ):
        yield kept


@contextlib.contextmanager
def _writes_into(kept: Beginning, stream: object) -> Iterator[None]:
    """For those who hold the stream itself. A notebook's can be told; a terminal's can't, and there nobody minds."""
    attributes = getattr(stream, "__dict__", {})
    before = attributes.get("write")
    attributes["write"] = lambda text: kept.write(text)  # looked up each time: a block within may have told `kept`
    try:
        yield
    finally:
        del attributes["write"]
        if before:
            attributes["write"] = before


@contextlib.contextmanager
def _descriptors_into(kept: Beginning) -> Iterator[None]:
    """For other processes, which inherit the descriptors."""
    with tempfile.TemporaryFile() as file:
        saved = []
        for number in DESCRIPTORS:
            with contextlib.suppress(OSError):  # one that is closed gets nothing
                saved.append((number, os.dup(number)))
                os.dup2(file.fileno(), number)
        try:
            yield
        finally:
            for number, copy in saved:
                os.dup2(copy, number)
                os.close(copy)
            file.seek(0)
            kept.write(file.read(LONGEST).decode(errors="replace"))
