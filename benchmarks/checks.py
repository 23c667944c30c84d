"""How long a check takes with the solution: all of it, and without the time that the solution's own function needs.

The second is what a learner waits for because of us. The first holds what Kafka and kafka-python take: joining a group, asking for metadata, polling where nothing comes.
"""

from __future__ import annotations

import io
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from IPython.core.interactiveshell import InteractiveShell

from benchmarks.figures import Figure
from learnkafka.labs import LABS
from learnkafka.labs.scene import Scene
from learnkafka.progress import FILE_VARIABLE

COURSE = Path(__file__).parents[1]
BOUND = 0.5  # seconds, without the solution's own
PRACTICE = "order = lab.given(1)\nproducer.send(topic, json.dumps(order).encode()).get(timeout=30)"


def measure(rounds: int) -> list[Figure]:
    """Every exercise of every lab, `rounds` times, on the embedded broker."""
    ours: dict[str, list[float]] = {}
    in_all: list[float] = []
    with _shell() as (shell, calls):
        for lab in LABS:
            for code in _cells(lab):
                check = re.match(r"lab\.check\((\d+)", code)
                for _ in range(rounds if check else 1):
                    calls.clear()
                    began = time.perf_counter()
                    _run(shell, code)
                    taken = time.perf_counter() - began
                    if check:
                        ours.setdefault(f"check {check[1]} of lab {lab[:2]}", []).append(taken - sum(calls))
                        in_all.append(taken)
        _run(shell, "broker.stop()")
    every = [seconds for samples in ours.values() for seconds in samples]
    figures = [
        Figure(f"{name}, without the solution's own time", "s", samples, BOUND) for name, samples in ours.items()
    ]
    return [
        *figures,
        Figure("all checks, without the solutions' own time", "s", every, BOUND),
        Figure("all checks, with it", "s", in_all),
    ]


def _cells(lab: str) -> Iterator[str]:
    """The solution's cells of code; of the practice exercise, those of its lesson, with a solution put in."""
    practice = lab.startswith("00")
    notebook = nbformat.read(COURSE / ("notebooks" if practice else "solutions") / f"{lab}.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.source != "broker.stop()\nbroker":
            yield PRACTICE if practice and "lab.given(" in cell.source else cell.source
            if practice and cell.source.startswith("lab.check("):
                return


def _run(shell: InteractiveShell, code: str) -> None:
    with redirect_stdout(io.StringIO()) as shown:
        shell.run_cell(code).raise_error()  # type: ignore[no-untyped-call]
    if code.startswith("lab.check(") and ": passed" not in shown.getvalue():
        raise RuntimeError(f"a solution doesn't pass:\n{shown.getvalue()}")


@contextmanager
def _shell() -> Iterator[tuple[InteractiveShell, list[float]]]:
    """IPython in this process, and the seconds that learners' functions have taken."""
    calls: list[float] = []
    call = Scene.call

    def timed(*arguments: Any) -> Any:
        began = time.perf_counter()
        try:
            return call(*arguments)
        finally:
            calls.append(time.perf_counter() - began)

    with TemporaryDirectory() as scratch:
        os.environ |= {FILE_VARIABLE: str(Path(scratch) / "progress.json"), "LEARNKAFKA_BROKER": "embedded"}
        Scene.call = timed  # type: ignore[method-assign, assignment]
        try:
            yield InteractiveShell.instance(), calls
        finally:
            Scene.call = call  # type: ignore[method-assign]
            InteractiveShell.clear_instance()
            del os.environ[FILE_VARIABLE], os.environ["LEARNKAFKA_BROKER"]
