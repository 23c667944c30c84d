"""How long something took on this machine.

A virtual machine doesn't get its processors all the time: what its host gives to others meanwhile is counted by the
kernel as *steal* (proc_stat(5)). On the machine that runs these tests it was up to three quarters of a minute. A bound
is on what we do, so that time isn't counted; on a machine of one's own there is none of it.
"""

from __future__ import annotations

import time

import psutil


class Stopwatch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._stolen = _stolen()

    def stolen(self) -> float:
        """Seconds that the host has taken meanwhile, of each processor on average."""
        return _stolen() - self._stolen

    def share(self) -> float:
        """What the host has left to us, from 0 to 1."""
        elapsed = time.monotonic() - self._began
        return (elapsed - self.stolen()) / elapsed

    def seconds(self) -> float:
        """Seconds since, but for the stolen ones."""
        return time.monotonic() - self._began - self.stolen()


def _stolen() -> float:
    """The same since the machine's start; only Linux counts it."""
    return float(getattr(psutil.cpu_times(), "steal", 0.0)) / (psutil.cpu_count() or 1)
