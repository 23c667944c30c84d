"""Which records were handed to the members of a group, so that those handed over again can be counted."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict

Name = tuple[str, int]
"""(topic, partition)."""


class Intervals:
    """A set of whole numbers, kept as intervals that neither overlap nor touch."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []  # the number after each one's last

    def add(self, start: int, end: int) -> int:
        """Put in the numbers from `start` up to `end`, which isn't one of them; how many of them were there before."""
        if start >= end:
            return 0
        # Those that overlap or touch: from the first that ends at `start` or after, to the last that starts by `end`.
        first, after = bisect_left(self._ends, start), bisect_right(self._starts, end)
        there = sum(
            max(0, min(end, self._ends[place]) - max(start, self._starts[place])) for place in range(first, after)
        )
        if first < after:
            start, end = min(start, self._starts[first]), max(end, self._ends[after - 1])
        self._starts[first:after], self._ends[first:after] = [start], [end]
        return there

    def __iter__(self) -> zip[tuple[int, int]]:
        return zip(self._starts, self._ends, strict=True)


class Deliveries:
    """Counts by member; which records were delivered is the group's."""

    def __init__(self) -> None:
        self._before: defaultdict[Name, Intervals] = defaultdict(Intervals)
        self._again: defaultdict[str, int] = defaultdict(int)

    def add(self, member: str, place: Name, first: int, last: int, count: int) -> None:
        """The member was given so many records, from the first offset to the last; not every offset has a record."""
        overlap = self._before[place].add(min(first, last), max(first, last) + 1)
        if overlap:
            self._again[member] += min(count, overlap)

    def again(self, member: str) -> int:
        """How many of the member's had been given to it or to another before."""
        return self._again[member]

    def forget(self, topic: str) -> None:
        """The topic was deleted, or made anew: its offsets begin again."""
        for place in [one for one in self._before if one[0] == topic]:
            del self._before[place]
