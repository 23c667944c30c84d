"""Who is in a group: members that were started here, a learner's consumers, and those that run elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import count
from typing import TYPE_CHECKING, Any, Literal

from learnkafka.members import Assigned, Delivered, Ended, Event, Lost, Position, Revoked, members_of
from learnkafka.observe.deliveries import Deliveries
from learnkafka.observe.group_contents import NO_MORE
from learnkafka.observe.history import History
from learnkafka.observe.positions import Sample, sample

if TYPE_CHECKING:
    from kafka import KafkaConsumer

    from learnkafka.broker import Broker
    from learnkafka.observe.frames import Member

MOST_ENDED = 30
"""So many of those that are no more stay; of a consumer elsewhere that comes and goes there would be ever more."""

Name = tuple[str, int]
"""(topic, partition)."""


@dataclass(slots=True)
class Row:
    """One member, as it is known by now."""

    name: str
    kind: Literal["process", "notebook", "elsewhere"]
    source: Any
    """The Member or KafkaConsumer; the coordinator's id of one elsewhere."""
    shown: bool = True
    state: str = "running"
    in_group: bool | None = None
    ids: set[str] = field(default_factory=set)
    """What the coordinator has called it; it gets another name when it joins after it was lost."""
    delivered: int | None = None
    positions: dict[Name, int] = field(default_factory=dict)
    heard: int = 0
    """Where to go on with a process's events."""
    began: bool = False
    seen: Sample | frozenset[Name] | None = None
    """What a consumer was last found to have, or the coordinator last told of one elsewhere."""
    generation: int | None = None


class Roster:
    """All that is known of a group's members without its broker, and what its coordinator adds to that."""

    def __init__(self, broker: Broker, group: str, consumers: Iterable[KafkaConsumer]) -> None:
        self.history = History()
        self.deliveries = Deliveries()
        self._broker = broker
        self._group = group
        self._consumers = tuple(consumers)
        self._ended_before = {one for one in members_of(broker, group) if not one.is_running}
        self._rows: dict[Any, Row] = {}
        self._names: set[str] = set()

    @property
    def shown(self) -> list[Row]:
        """Those there now and those that ended since, in the order in which they were first seen."""
        return [row for row in self._rows.values() if row.shown]

    def position(self, member: str, place: Name) -> int | None:
        """Where the member of this name is."""
        return next((row.positions.get(place) for row in self._rows.values() if row.name == member), None)

    def hear(self) -> None:
        """Take in what the members here have told, and where the learner's consumers are."""
        self._meet()
        told: list[list[Moment]] = []
        processes = self._processes
        for row in processes:
            row.heard, events = row.source.events_since(row.heard)
            if not row.began and (since := row.source.consuming_since) is not None:
                row.began = True
                self.history.began(row.name, since)
            told.append(list(_moments(row, events)))
            row.state, row.delivered = row.source.state, row.source.delivered
        for row, moments in zip(processes, told, strict=True):
            self._claim(row, _ids(moments))
        for _, row, what in merge(*told, key=lambda moment: moment[0]):
            self._take(row, what)
        for row in self._rows.values():
            if row.kind == "notebook":
                self._follow(row, sample(row.source), time.time())

    def see(self, listed: Iterable[Member] | None, settled: bool) -> None:
        """Take in what the coordinator says; `settled` where each has its partitions. None: it can't tell."""
        if listed is None:
            for row in self._rows.values():
                row.in_group = None
            return
        there = {one.member_id: one for one in listed}
        now = time.time()
        for one in there.values():
            row = self._whose(one, there)
            if row.kind == "elsewhere":
                partitions = frozenset(one.partitions) if settled else None
                if not row.began or row.seen != partitions:
                    row.began, row.seen = True, partitions
                    self.history.told(row.name, now, partitions)
        for row in self._rows.values():
            row.in_group = not row.ids.isdisjoint(there)
            if row.kind == "elsewhere" and not row.in_group and row.state != "closed":
                row.state = "closed"
                self.history.ended(row.name, now, "closed")
        for row in [row for row in self.shown if row.state in NO_MORE][:-MOST_ENDED]:
            self._hide(row)

    def clear(self) -> None:
        """The group isn't there: nor are those that ended in it."""
        for row in [row for row in self.shown if row.state in NO_MORE]:
            self._hide(row)

    # Who there is.

    @property
    def _processes(self) -> list[Row]:
        return [row for row in self._rows.values() if row.kind == "process"]

    def _meet(self) -> None:
        here = members_of(self._broker, self._group)
        for row in self._processes:
            if row.source not in here:  # it didn't come to consuming; another may get its name
                self._forget(row)
        for one in here:
            if one not in self._rows:
                self._enter(one, one.name, "process").shown = one not in self._ended_before
        for consumer in self._consumers:
            if consumer not in self._rows:
                self._enter(consumer, str(consumer.config["client_id"]), "notebook").delivered = 0

    def _enter(self, source: Any, wanted: str, kind: Literal["process", "notebook", "elsewhere"]) -> Row:
        others = (f"{wanted} ({number})" for number in count(2))
        name = wanted if wanted not in self._names else next(one for one in others if one not in self._names)
        self._names.add(name)
        self._rows[source] = Row(name, kind, source)
        return self._rows[source]

    def _whose(self, one: Member, there: dict[str, Member]) -> Row:
        for row in self._rows.values():
            if one.member_id in row.ids:
                return row
        for row in self._processes:
            # One that has begun to join tells its id only when it has been assigned its share.
            if row.source.name == one.client_id and row.source.is_running and row.ids.isdisjoint(there):
                break
        else:
            row = self._enter(one.member_id, one.client_id, "elsewhere")
        row.ids.add(one.member_id)
        return row

    def _claim(self, row: Row, ids: Iterable[str]) -> None:
        for one in ids:
            row.ids.add(one)
            if one in self._rows:  # taken for one elsewhere, since its file gave it a client_id of its own
                self._forget(self._rows[one])

    def _forget(self, row: Row) -> None:
        del self._rows[row.source]
        self._names.discard(row.name)
        self.history.forget(row.name)

    def _hide(self, row: Row) -> None:
        row.shown = False
        self.history.forget(row.name)
        if row.kind == "elsewhere":
            del self._rows[row.source]

    # What they tell.

    def _take(self, row: Row, what: Event | Run) -> None:
        match what:
            case Run():
                self.deliveries.add(row.name, (what.topic, what.partition), what.first, what.last, what.count)
            case Position():
                row.positions[what.topic, what.partition] = what.offset
            case Assigned():
                self.history.assigned(row.name, what.time, what.partitions, what.generation, consumer=what.consumer)
            case Revoked() | Lost():
                for place in what.partitions:
                    row.positions.pop(place, None)
                lost = isinstance(what, Lost)
                self.history.left(row.name, what.time, what.partitions, consumer=what.consumer, lost=lost)
            case Ended():
                row.positions.clear()
                self.history.ended(row.name, what.time, what.how)

    def _follow(self, row: Row, now: Sample, at: float) -> None:
        before, row.seen = row.seen, now
        self._claim(row, {now.member_id} - {""})
        if now.closed:
            if row.state != "closed":
                row.state = "closed"
                row.positions.clear()
                self.history.ended(row.name, at, "closed")
            return
        anew = now.generation != row.generation and not now.joining
        if not isinstance(before, Sample):
            if now.partitions or (now.generation is not None and not now.joining):
                self.history.assigned(row.name, at, now.partitions, now.generation, rebalance=False)
            else:
                self.history.began(row.name, at, joins=False)
        else:
            if gone := before.partitions - now.partitions:
                self.history.left(row.name, at, gone, lost=now.lost)
            joined = anew and now.generation is not None
            if joined or now.partitions - before.partitions:
                self.history.assigned(row.name, at, now.partitions, now.generation, rebalance=joined)
        for place, position in now.positions.items():
            last = row.positions.get(place, position)
            if last < position and not anew:  # after a rebalance it goes on where the group has committed
                self.deliveries.add(row.name, place, last, position - 1, position - last)
                row.delivered = (row.delivered or 0) + position - last
        row.positions = dict(now.positions)
        if not now.joining:
            row.generation = now.generation


@dataclass(slots=True)
class Run:
    """Records of one partition that were delivered one after another."""

    topic: str
    partition: int
    first: int
    last: int
    count: int


Moment = tuple[float, Row, "Event | Run"]


def _moments(row: Row, events: Iterable[Event]) -> Iterator[Moment]:
    """The events with their times; deliveries that follow one another are one, for there may be very many."""
    run: Run | None = None
    for event in events:
        if not isinstance(event, Delivered):
            run = None
            yield event.time, row, event
        elif run and event.first == run.last + 1 and (event.topic, event.partition) == (run.topic, run.partition):
            run.last, run.count = event.offset, run.count + event.count
        else:
            run = Run(event.topic, event.partition, event.first, event.offset, event.count)
            yield event.time, row, run


def _ids(moments: Iterable[Moment]) -> set[str]:
    return {what.member_id for _, _, what in moments if isinstance(what, Assigned) and what.member_id}
