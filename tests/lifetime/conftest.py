"""Processes that stand for a notebook's kernel, each with a temporary directory of its own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.left import guards, marked, runs_below
from tests.stand_in import says, stand_in

if TYPE_CHECKING:
    import psutil


@dataclass
class Kernel:
    """A Python process, and what belongs to it, seen from outside."""

    process: subprocess.Popen[str]
    tmp: Path
    run: Path | None = None  # the directory of its only run, once known

    def says(self, seconds: float = 60) -> str:
        """The next line that it prints."""
        return says(self.process, seconds)

    def runs(self) -> list[Path]:
        """The directories of its runs."""
        return runs_below(self.tmp)

    def brokers(self) -> list[psutil.Process]:
        """The processes that carry a run's mark."""
        return marked(self.tmp)

    def guards(self) -> list[psutil.Process]:
        """The guards of its runs."""
        return guards(self.tmp)

    def containers(self) -> list[str]:
        """The ids of the containers and networks of its run."""
        label = f"label=learnkafka.run={self.run}"
        asked = [["ps", "--all"], ["network", "ls"]]
        done = [
            subprocess.run(["docker", *words, "--quiet", "--filter", label], capture_output=True, text=True, check=True)
            for words in asked
        ]
        return [one for answer in done for one in answer.stdout.split()]


@pytest.fixture
def kernel(own_tmp: Path) -> Iterator[Callable[[str], Kernel]]:
    """`kernel(code)`: a process that runs the code; whatever happens, it doesn't outlive the test."""
    started: list[Kernel] = []

    def start(code: str) -> Kernel:
        started.append(Kernel(stand_in(code, own_tmp), own_tmp))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()
    deadline = time.monotonic() + 60  # how quick it is, tests of their own say; a container's end may take long
    while any(one.brokers() or one.guards() for one in started) and time.monotonic() < deadline:
        time.sleep(0.05)
    left = [process for one in started for process in [*one.brokers(), *one.guards()]]
    for process in left:
        process.kill()
    assert not left, f"left running: {left}"
