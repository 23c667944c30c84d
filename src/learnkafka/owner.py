"""Who owns a directory or a container: a process, told by its id and the second in which it started.

The second is there because process ids are used again.
"""

from __future__ import annotations

import os

import psutil


def owner_tag() -> str:
    """This process as the beginning of a file name, e.g. `4711-1763690000`."""
    return f"{os.getpid()}-{int(psutil.Process().create_time())}"


def owner_is_alive(name: str) -> bool:
    """Whether the process whose `owner_tag()` begins the name still runs; False for a name that has no tag."""
    try:
        pid, started = (int(part) for part in name.split("-")[:2])
        process = psutil.Process(pid)
        # A correction of the clock may move the start by a second.
        return abs(process.create_time() - started) <= 2 and process.status() != psutil.STATUS_ZOMBIE
    except (ValueError, psutil.NoSuchProcess):
        return False
    except psutil.AccessDenied:
        return True
