"""Counting what was delivered before, without a broker."""

from __future__ import annotations

import itertools
import random

import pytest

from learnkafka.observe.deliveries import Deliveries, Intervals


@pytest.mark.parametrize("seed", range(100))
def test_intervals_are_a_set(seed: int) -> None:
    """As a plain set counts, and in as few intervals as there can be."""
    chance = random.Random(seed)  # noqa: S311
    intervals, plain = Intervals(), set()
    for _ in range(80):
        start = chance.randrange(100)
        numbers = range(start, start + chance.choice([0, 1, 1, 2, 5, 30]))
        assert intervals.add(numbers.start, numbers.stop) == len(plain.intersection(numbers))
        plain.update(numbers)
        assert {number for start, end in intervals for number in range(start, end)} == plain
        kept = list(intervals)
        assert all(start < end for start, end in kept)
        assert all(before[1] < after[0] for before, after in itertools.pairwise(kept))


def test_again_is_the_one_who_gets_it_again() -> None:
    """Whoever had it first; partitions are counted apart; where offsets lack a record, no more than there were."""
    seen = Deliveries()
    seen.add("one", ("orders", 0), 0, 9, 10)
    seen.add("two", ("orders", 1), 0, 9, 10)
    assert (seen.again("one"), seen.again("two")) == (0, 0)
    seen.add("two", ("orders", 0), 5, 14, 10)
    assert (seen.again("one"), seen.again("two")) == (0, 5)
    seen.add("one", ("orders", 0), 12, 12, 1)
    seen.add("one", ("orders", 0), 0, 9, 4)
    assert (seen.again("one"), seen.again("two")) == (5, 5)
    seen.forget("orders")
    seen.add("one", ("orders", 0), 0, 9, 10)
    assert seen.again("one") == 5
