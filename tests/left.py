"""What is there of the runs below a temporary directory, seen from outside: processes, guards and directories."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil


def alive(process: psutil.Process) -> bool:
    """Whether it runs; one that has ended and was not yet waited for does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def marked(tmp: Path) -> list[psutil.Process]:
    """The processes that carry the mark of a run below that temporary directory."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get("LEARNKAFKA_RUN", "").startswith(f"{tmp}/") and alive(process):
                found.append(process)
    return found


def guards(tmp: Path) -> list[psutil.Process]:
    """The guards of its runs."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            line = process.cmdline()
            if any("guard.py" in part for part in line) and any(f"{tmp}/" in part for part in line) and alive(process):
                found.append(process)
    return found


def runs_below(tmp: Path) -> list[Path]:
    """The directories of its runs."""
    return [path for folder in tmp.glob("learnkafka-*") for path in folder.iterdir()]


def inside(path: Path) -> list[str]:
    """What lies deeper than a first level; looked at again where somebody is just clearing up."""
    while True:
        with suppress(FileNotFoundError):
            return [str(one) for one in path.rglob("*") if one.parent != path]
