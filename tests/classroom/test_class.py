"""A class works on one cluster, all at once: each learner a kernel, and every check passes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.classroom import LABS, attend
from learnkafka.classroom import add_learners, remove_learners

SOLUTIONS = Path(__file__).parents[2] / "solutions"
OWN_BROKERS = {"11-replication-and-leader-election"}  # it stops and kills them
ALL = [path.stem for path in sorted(SOLUTIONS.glob("*.ipynb")) if path.stem not in OWN_BROKERS]


@pytest.mark.alone
@pytest.mark.parametrize(
    ("size", "labs"),
    [
        pytest.param(5, ALL, marks=pytest.mark.timeout(1200), id="five learners, every lab"),
        pytest.param(30, LABS, marks=[pytest.mark.long, pytest.mark.timeout(2400)], id="thirty learners, four labs"),
    ],
)
def test_all_at_once(
    size: int, labs: list[str], teacher: None, owner: Any, tmp_path: Path, until: Callable[..., Any]
) -> None:
    """Nobody's check fails, and when all have gone their topics and groups have, too."""
    names = [f"learner{number:02}" for number in range(1, size + 1)]
    folder = tmp_path / "class"
    before = set(owner.list_topics()), {group["group_id"] for group in owner.list_groups()}
    add_learners(names, folder)
    try:
        outcomes = attend(names, folder, tmp_path / "at-work", labs)
        failed = [one for outcome in outcomes for one in outcome.failed]
        assert not failed, "\n\n".join(failed)
        assert all(list(outcome.verdicts) == list(labs) for outcome in outcomes)
        until(lambda: set(owner.list_topics()) - before[0] <= {"__consumer_offsets", "__transaction_state"}, 60)
        until(lambda: {group["group_id"] for group in owner.list_groups()} <= before[1], 60)
    finally:
        remove_learners(names, folder)
