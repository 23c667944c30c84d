"""`make bench`: every figure beside its peer, measured in the same run; one table, as Markdown and as JSON.

python -m benchmarks [--rounds 7] [--json figures.json]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from benchmarks import start
from benchmarks.figures import Figure, as_markdown

SUITES: list[Callable[[int], list[Figure]]] = [start.measure]


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = [figure for suite in SUITES for figure in suite(arguments.rounds)]
    print(as_markdown(figures))
    print(f"\n{machine()}")
    if arguments.json:
        content = {"machine": machine(), "figures": [figure.as_dict() for figure in figures]}
        arguments.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    sys.exit(any(figure.misses_its_bound for figure in figures))


def machine() -> str:
    """What it was measured on."""
    memory = psutil.virtual_memory().total // 2**30
    return f"{os.cpu_count()} cores, {memory} GiB, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


if __name__ == "__main__":
    main()
