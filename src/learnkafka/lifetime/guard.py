"""The guard: a small process that outlives its owner by a moment, and takes what the owner started with it.

Run as a script with a run's directory and the owner's process id; standard input is a pipe that only the owner holds.
It waits for the pipe's end or for its parent to change, whichever is first: a forked child of the owner may hold the
pipe open for longer.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from pathlib import Path


def wait_for_the_end_of(owner: int, seconds: float) -> bool:
    """Whether the owner ended within the time."""
    readable, _, _ = select.select([sys.stdin], [], [], seconds)
    return bool(readable) or os.getppid() != owner


def main(directory: str, owner: int) -> None:
    """Wait for the owner's end, or to be told to end; then remove the run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    told: list[int] = []  # noted, not raised: an exception may be lost in an import
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))

    def over() -> bool:
        return wait_for_the_end_of(owner, seconds=0.5) or bool(told)

    ended = any(over() for _ in range(6))  # 3 s without work: a broker is starting, leave it the processor
    # Imported now, not at the end: by then the environment that it comes from may have been deleted.
    import learnkafka.lifetime.run  # noqa: F401

    while not (ended or over()):
        pass
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if Path(directory).exists():
        from learnkafka.lifetime.run import remove_thoroughly

        remove_thoroughly(Path(directory))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
