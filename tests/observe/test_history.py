"""Lanes and rebalances, from events as members tell them. No broker is needed."""

from __future__ import annotations

import json

import pytest

from learnkafka.observe.history import REBALANCES, STRETCHES, History

P = [("orders", number) for number in range(4)]
# An eager rebalance as another joins the first: asked for at 5 s, given back at 6 s, done at 7 s.
WITH_A_SECOND = {"generation": 2, "began": 5.0, "ended": 7.0, "revoked": 4, "moved": 2, "without": 1.0}


def places(*numbers: int) -> list[list[str | int]]:
    return [["orders", number] for number in numbers]


def first_alone() -> History:
    history = History()
    history.began("one", 1.0)
    history.assigned("one", 2.0, P, 1)
    return history


def test_first_assignment() -> None:
    """It moves nothing, and nobody was without what nobody had."""
    history = first_alone()
    assert history.lanes["one"] == [[1.0, 2.0, "waiting", [], None], [2.0, None, "assigned", places(0, 1, 2, 3), 1]]
    assert history.rebalances == [
        {"generation": 1, "began": 1.0, "ended": 2.0, "revoked": 0, "moved": 0, "without": 0.0}
    ]
    assert (history.generation, history.generation_of("one"), history.generation_of("two")) == (1, 1, None)


def test_eager_rebalance() -> None:
    """All is given back, and nobody has it until all have joined."""
    history = first_alone()
    history.began("two", 5.0)
    history.left("one", 6.0, P)
    assert [history.holder(place) for place in P] == [None] * 4
    history.assigned("two", 6.5, P[2:], 2)
    history.assigned("one", 7.0, P[:2], 2)
    assert [history.holder(place) for place in P] == ["one", "one", "two", "two"]
    assert [one[2:] for one in history.lanes["one"]] == [
        ["waiting", [], None],
        ["assigned", places(0, 1, 2, 3), 1],
        ["waiting", [], None],
        ["assigned", places(0, 1), 2],
    ]
    assert history.rebalances[-1] == WITH_A_SECOND


def test_cooperative_rebalances() -> None:
    """Only what moves is given back, in one rebalance, and assigned in the next."""
    history = first_alone()
    history.began("two", 5.0)
    history.assigned("two", 5.5, [], 2)
    history.left("one", 5.6, P[2:])
    history.assigned("one", 5.6, P[:2], 2)
    assert [history.holder(place) for place in P] == ["one", "one", None, None]
    history.assigned("one", 6.0, P[:2], 3)
    history.assigned("two", 6.1, P[2:], 3)
    assert [one[2] for one in history.lanes["one"]] == ["waiting", "assigned", "assigned", "assigned", "assigned"]
    second, third = history.rebalances[1:]
    assert (second["began"], second["ended"], second["revoked"], second["moved"], second["without"]) == (
        5.0,
        5.6,
        2,
        0,
        0,
    )
    assert (third["began"], third["ended"], third["revoked"], third["moved"]) == (6.0, 6.1, 0, 2)
    assert third["without"] == pytest.approx(0.5)


def test_killed() -> None:
    """What it had is nobody's from its death; that it wasn't given back is no merit."""
    history = first_alone()
    history.began("two", 5.0)
    history.left("one", 6.0, P)
    for name, held in (("one", P[:2]), ("two", P[2:])):
        history.assigned(name, 7.0, held, 2)
    history.ended("one", 10.0, "killed")
    assert [history.holder(place) for place in P] == [None, None, "two", "two"]
    history.left("two", 16.0, P[2:])
    history.assigned("two", 16.5, P, 3)
    assert history.lanes["one"][-1] == [10.0, None, "killed", [], None]
    assert history.rebalances[-1] == {
        "generation": 3,
        "began": 16.0,
        "ended": 16.5,
        "revoked": 2,
        "moved": 2,
        "without": 6.5,
    }


def test_stopped() -> None:
    """It gives back as it closes, and that is where the next rebalance begins."""
    history = first_alone()
    history.began("two", 5.0)
    history.left("one", 6.0, P)
    for name, held in (("one", P[:2]), ("two", P[2:])):
        history.assigned(name, 7.0, held, 2)
    history.left("one", 10.0, P[:2])
    history.left("two", 10.1, P[2:])
    history.assigned("two", 10.2, P, 3)
    history.ended("one", 10.3, "stopped")
    assert history.rebalances[-1]["began"] == 10.0
    assert history.rebalances[-1]["revoked"] == 4
    assert history.rebalances[-1]["without"] == pytest.approx(0.2)
    assert [one[2] for one in history.lanes["one"][-2:]] == ["waiting", "stopped"]
    assert [history.holder(place) for place in P] == ["two"] * 4


def test_lost() -> None:
    """Another has had its partitions for a while when it finds out; what it thought it had takes nothing from that."""
    history = first_alone()
    history.began("two", 5.0)
    history.assigned("two", 6.0, P, 2)
    assert history.holder(P[0]) == "two"
    assert history.held_by("one") == set(P)
    history.left("one", 9.0, P, lost=True)
    assert (history.holder(P[0]), history.held_by("one"), history.generation_of("one")) == ("two", frozenset(), None)
    assert history.lanes["one"][-1][2] == "lost"
    history.left("two", 9.1, P)
    history.assigned("two", 9.2, P[:2], 3)
    history.assigned("one", 9.2, P[2:], 3)
    assert [one["moved"] for one in history.rebalances] == [0, 4, 2]
    assert [one["revoked"] for one in history.rebalances] == [0, 0, 4]
    assert history.rebalances[-1]["began"] == 9.0


def test_late_reports() -> None:
    """One process's report comes after that of another who was later: nothing is missed."""
    history = first_alone()
    history.began("two", 5.0)
    history.assigned("two", 6.5, P[2:], 2)
    history.left("one", 6.0, P)
    history.assigned("one", 7.0, P[:2], 2)
    assert history.rebalances[-1] == WITH_A_SECOND


def test_generations_that_begin_anew() -> None:
    """The group was deleted, and its next first generation isn't the old one."""
    history = first_alone()
    history.left("one", 3.0, P)
    history.assigned("one", 4.0, P, 1)
    assert [one["generation"] for one in history.rebalances] == [1, 1]
    assert history.rebalances[-1]["revoked"] == 4


def test_elsewhere() -> None:
    """What the coordinator says makes lanes, and no rebalances."""
    history = History()
    history.told("kafka", 1.0, None)
    history.told("kafka", 2.0, frozenset(P))
    history.told("kafka", 3.0, None)
    history.ended("kafka", 4.0, "closed")
    assert history.lanes["kafka"] == [
        [1.0, 2.0, "waiting", [], None],
        [2.0, 3.0, "assigned", places(0, 1, 2, 3), None],
        [3.0, 4.0, "waiting", [], None],
        [4.0, None, "closed", [], None],
    ]
    assert history.rebalances == []


def test_it_stays_small_and_changes_nothing_that_was_handed_out() -> None:
    history = first_alone()
    lanes = history.lanes
    before = json.dumps(lanes)
    for number in range(1000):
        history.left("one", 3.0 + number, P)
        history.assigned("one", 3.5 + number, P, 2 + number)
    assert json.dumps(lanes) == before
    assert len(history.lanes["one"]) == STRETCHES
    assert [one["generation"] for one in history.rebalances] == list(range(1002 - REBALANCES, 1002))
    assert history.rebalances is history.rebalances
