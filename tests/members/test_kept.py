"""What is kept of a member's events, and that whoever asks again and again hears of each once."""

from __future__ import annotations

import random

import pytest

from learnkafka.members import Assigned, Delivered, Event, Position
from learnkafka.members import kept as module
from learnkafka.members.kept import Kept


def delivered(offset: int, partition: int = 0, first: int | None = None, count: int = 1) -> Delivered:
    return Delivered(1.0, "one", 1, "orders", partition, offset, None, 0, offset if first is None else first, count)


def records(events: list[Event]) -> list[tuple[int, int]]:
    """Partition and offset of each record; of several that were counted only the last."""
    found = []
    for event in events:
        if isinstance(event, Delivered):
            first = event.first if event.count == event.offset - event.first + 1 else event.offset
            found += [(event.partition, offset) for offset in range(first, event.offset + 1)]
    return found


@pytest.mark.parametrize("seed", range(20))
def test_each_event_once(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """However seldom somebody asks, and though the older half is packed again and again."""
    monkeypatch.setattr(module, "KEPT_EVENTS", 40)
    chance = random.Random(seed)  # noqa: S311
    kept, told = Kept(), 0
    offsets = [0, 0]
    heard: list[list[Event]] = [[], [], []]
    cursors = [0, 0, 0]
    for _ in range(600):
        partition = chance.randrange(2) if chance.random() < 0.1 else 0
        what = chance.random()
        if what < 0.05:
            kept.add(Assigned(1.0, "one", 1, (("orders", 0),), told, "id"))
            told += 1
        elif what < 0.1:
            kept.add(Position(1.0, "one", 1, "orders", 0, 1))
        elif what < 0.15:
            kept.add(delivered(offsets[partition] + 4, partition, offsets[partition], 5))
            offsets[partition] += 5
        else:
            offsets[partition] += chance.random() < 0.05
            kept.add(delivered(offsets[partition], partition))
            offsets[partition] += 1
        for which, often in enumerate((0.5, 0.02, 0.0)):
            if chance.random() < often:
                cursors[which], events = kept.since(cursors[which])
                heard[which] += events
    for which in range(3):
        cursors[which], events = kept.since(cursors[which])
        heard[which] += events
        assert kept.since(cursors[which]) == (cursors[which], [])
        assert records(heard[which]) == records(heard[0])
        assert sum(one.count for one in heard[which] if isinstance(one, Delivered)) == kept.delivered
        assert [one.generation for one in heard[which] if isinstance(one, Assigned)] == list(range(told))
    assert [one.generation for one in kept.events if isinstance(one, Assigned)] == list(range(told))
    assert len(kept.since(0)[1]) < 400
