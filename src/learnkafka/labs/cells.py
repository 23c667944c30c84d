"""What became of the cell that the learner ran before a check: it may have raised, or been interrupted.

IPython tells it (`post_run_cell`), so an exercise's cell stays plain Python.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from learnkafka.labs.calling import learners_line
from learnkafka.labs.showing import said
from learnkafka.labs.verdict import CodeLine

# A cell that does nothing but ask a lab something: it says nothing about the attempt before it.
_ASKING = re.compile(r"\s*(\w+\s*=\s*)?\w+\.(check|hint|progress)\(")
_CHECK = re.compile(r"\.check\(\s*(\d+)")


@dataclass(frozen=True)
class Failure:
    """How a cell failed."""

    error: BaseException
    line: CodeLine | None

    @property
    def what(self) -> str:
        """What the cell did: `was interrupted`, or `raised KeyError: 'id'`."""
        return "was interrupted" if isinstance(self.error, KeyboardInterrupt) else f"raised {said(self.error)}"


class CellWatch:
    """Listens to one IPython shell. `missing(number, name)` is told of a check that was handed a name that isn't there."""

    def __init__(self, missing: Callable[[int, str], None]) -> None:
        self.failure: Failure | None = None  # of the newest cell, when that failed
        self._missing = missing
        self._source = ""

    def attach(self, shell: Any) -> None:
        """Listen from now on, in place of a watch that listened before: one lab is open at a time."""
        for event in ("pre_run_cell", "post_run_cell"):
            for handler in list(shell.events.callbacks[event]):
                if isinstance(getattr(handler, "__self__", None), CellWatch):
                    shell.events.unregister(event, handler)
        shell.events.register("pre_run_cell", self._before)
        shell.events.register("post_run_cell", self._after)
        shell.set_custom_exc((NameError,), self._name_error)

    def _before(self, info: Any) -> None:
        self._source = info.raw_cell or ""

    def _after(self, result: Any) -> None:
        if not _ASKING.match(self._source):
            error = result.error_before_exec or result.error_in_exec
            if self.failure and isinstance(error, NameError):
                return  # the echo of the failure before: what that cell was to make isn't there
            self.failure = Failure(error, _line(error)) if error else None

    def _name_error(
        self, shell: Any, kind: type[NameError], error: NameError, trace: Any, tb_offset: int | None = None
    ) -> list[str]:
        """`lab.check(2, catch_up)` where no cell has made `catch_up` yet is answered by a card; the cell still counts as failed."""
        check = _CHECK.search(self._source) if _ASKING.match(self._source) else None
        if (check and trace.tb_next is None) or (check and trace.tb_next.tb_next is None):
            self._missing(int(check[1]), error.name or "")
        else:
            shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
        return []


def _line(error: BaseException) -> CodeLine | None:
    if isinstance(error, SyntaxError):
        return CodeLine(error.lineno or 1, (error.text or "").strip())
    return learners_line(error.__traceback__)
