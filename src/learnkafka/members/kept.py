"""What a member has told: its events, of which the oldest are kept in less room, and what follows from them."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from learnkafka.members.events import Assigned, Delivered, Event, Lost, Revoked

KEPT_EVENTS = 50_000
KEPT_RUNS = 50_000

Run = tuple[int, int, Delivered]
"""The number of the first event that it stands for, the number after the last one's, and all of them as one."""


class Kept:
    """The events in order; who asks again and again is told only what is new to him.

    Events are numbered from 0. From about 50,000 on the older half is packed: positions and commits are forgotten, and
    deliveries that followed one another become one with a count, so that nobody who counts them misses any.
    """

    def __init__(self) -> None:
        self.delivered = 0
        self.assigned: dict[int, frozenset[tuple[str, int]]] = {}
        self._newest: list[Event] = []
        self._newest_from = 0
        self._rebalances: list[tuple[int, Event]] = []
        self._runs: deque[Run] = deque(maxlen=KEPT_RUNS)

    @property
    def events(self) -> tuple[Event, ...]:
        """The newest, and all rebalances before."""
        return (*(event for _, event in self._rebalances), *self._newest)

    def since(self, number: int) -> tuple[int, list[Event]]:
        """The number to ask with next time, and the events from this number on, oldest first."""
        following = self._newest_from + len(self._newest)
        if number >= self._newest_from:
            return following, self._newest[number - self._newest_from :]
        runs = [(max(first, number), _rest(run, number - first)) for first, after, run in self._runs if after > number]
        older = runs + [(at, event) for at, event in self._rebalances if at >= number]
        return following, [event for _, event in sorted(older, key=lambda one: one[0])] + self._newest

    def add(self, event: Event) -> None:
        """Keep it, and take in what it says."""
        self._newest.append(event)
        if isinstance(event, Delivered):
            self.delivered += event.count
        elif isinstance(event, Assigned):
            self.assigned[event.consumer] = frozenset(event.partitions)
        elif isinstance(event, Revoked | Lost):
            left = self.assigned.pop(event.consumer, frozenset()) - set(event.partitions)
            if left:
                self.assigned[event.consumer] = left
        if len(self._newest) > KEPT_EVENTS:
            self._pack()

    def _pack(self) -> None:
        older, self._newest = self._newest[: KEPT_EVENTS // 2], self._newest[KEPT_EVENTS // 2 :]
        for number, event in enumerate(older, self._newest_from):
            if isinstance(event, Delivered):
                if self._runs and _follows(self._runs[-1], number, event):
                    first, _, run = self._runs[-1]
                    self._runs[-1] = first, number + 1, replace(event, first=run.first, count=run.count + 1)
                else:
                    self._runs.append((number, number + 1, event))
            elif isinstance(event, Assigned | Revoked | Lost):
                self._rebalances.append((number, event))
        self._newest_from += len(older)


def _follows(before: Run, number: int, event: Delivered) -> bool:
    """Whether it is the one record after the run's last, told next."""
    first, after, run = before
    return (
        (number, event.offset, event.count) == (after, run.offset + 1, 1)
        and run.count == after - first
        and (event.topic, event.partition, event.consumer) == (run.topic, run.partition, run.consumer)
    )


def _rest(run: Delivered, skipped: int) -> Delivered:
    """The run without as many of its first records."""
    return replace(run, first=run.first + skipped, count=run.count - skipped) if skipped > 0 else run
