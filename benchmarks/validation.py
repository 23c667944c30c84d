"""How long the whole course's validation takes: every lesson and solution, compared strictly, with two workers.

Its peer is the same with one worker: what a second core is worth.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks.figures import Figure

COURSE = Path(__file__).parents[1]
BOUND = 8 * 60  # seconds, on two cores


def measure(rounds: int) -> list[Figure]:
    """Once each, on the embedded broker: a round takes minutes."""
    two, one = _validate(2), _validate(1)
    return [
        Figure("the whole course validated, two workers", "s", [two], BOUND),
        Figure("the same, one worker", "s", [one]),
        Figure("two workers, as a share of one", "", [two / one]),
    ]


def _validate(workers: int) -> float:
    command = [sys.executable, "-m", "learnkafka", "validate", "--kind", "embedded", "--workers", str(workers)]
    began = time.perf_counter()
    ended = subprocess.run([*command, "notebooks", "solutions"], cwd=COURSE, capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(f"the course doesn't validate:\n{ended.stdout[-3000:]}")
    return time.perf_counter() - began
