"""`make bench`: every figure beside its peer, measured in the same run; one table, as Markdown and as JSON.

python -m benchmarks [--rounds 7] [--json figures.json] [--suite start]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

from benchmarks import checks, classroom, full_speed, screen, start, validation, views
from benchmarks.figures import Figure, as_markdown

SUITES: dict[str, Callable[[int], Iterable[Figure]]] = {
    "start": start.measure,
    "checks": checks.measure,
    "screen": screen.measure,
    "views": views.measure,
    "full-speed": full_speed.measure,
    "validation": validation.measure,
    "classroom": classroom.measure,
}


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--suite", action="append", choices=list(SUITES), help="may be repeated; all by default")
    arguments = parser.parse_args()
    figures: list[Figure] = []
    problems: list[str] = []
    for name in arguments.suite or SUITES:
        try:
            for figure in SUITES[name](arguments.rounds):
                figures.append(figure)  # so that those before a problem count
        except RuntimeError as error:  # what was measured takes half an hour to get again
            problems.append(f"{name}: {error}")
    print(as_markdown(figures))
    print(f"\n{machine()}")
    if arguments.json:
        content = {"machine": machine(), "figures": [figure.as_dict() for figure in figures]}
        arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(bool(problems) or any(figure.misses_its_bound for figure in figures))


def machine() -> str:
    """What it was measured on."""
    memory = psutil.virtual_memory().total // 2**30
    return f"{os.cpu_count()} cores, {memory} GiB, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
