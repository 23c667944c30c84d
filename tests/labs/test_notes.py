"""Notes in Redis: what a check does when Redis is gone, and the members that it lets race and die."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from learnkafka import open_lab, start_redis
from learnkafka.labs.notes import Notes, PowerCut
from learnkafka.labs.scene import Scene
from learnkafka.labs.verdict import Outcome

if TYPE_CHECKING:
    from learnkafka.broker import Broker

LAB = "10-idempotent-replay"


@pytest.fixture
def notes(broker: Broker) -> Iterator[Notes]:
    """Those of one check."""
    with Scene(broker, Random(7), {}, []) as scene, Notes(scene) as notes:  # noqa: S311
        yield notes


def once(redis: Any, beginning: str, order: Any, send: Any) -> None:
    """The right answer to exercise 1."""
    if redis.set(f"{beginning}{order['order_id']}", "sent", nx=True, ex=24 * 60 * 60):
        send(order)


def test_a_redis_that_dies_in_the_midst_of_a_check_is_named(broker: Broker) -> None:
    """It isn't the learner's mistake, counts as no attempt, and the next check has another Redis."""
    lab = open_lab(LAB, broker, seed=7)

    def killing(redis: Any, beginning: str, order: Any, send: Any) -> None:
        start_redis().stop()
        once(redis, beginning, order, send)

    verdict = lab.check(1, killing).verdict
    assert verdict.outcome is Outcome.REDIS_UNREACHABLE
    assert verdict.headline.startswith("Redis doesn't answer (ConnectionError)")
    assert lab.check(1, once).verdict.passed


def test_what_another_redis_says_is_the_learners(broker: Broker) -> None:
    """Their own client, which reaches nothing, is code that raised."""
    from redis import Redis

    def elsewhere(_: Any, *others: Any) -> None:
        once(Redis(port=1, retry=None), *others)

    assert open_lab(LAB, broker, seed=7).check(1, elsewhere).verdict.outcome is Outcome.RAISED


def test_no_redis_to_be_had(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card says why."""
    monkeypatch.setenv("REDIS_URL", "redis://localhost:1/0")
    verdict = open_lab(LAB, broker, seed=7).check(1, once).verdict
    assert verdict.outcome is Outcome.REDIS_UNREACHABLE
    assert "Nothing listens at localhost:1" in verdict.headline


def test_a_dead_member_reaches_nothing(notes: Notes) -> None:
    """Neither by a command nor by a pipeline, also when its code goes on."""
    member, key = notes.member(), f"{notes.beginning}7"
    with pytest.raises(PowerCut):
        member.die()
    for write in (lambda: member.client.set(key, "sent"), lambda: member.client.pipeline().set(key, "sent").execute()):
        with pytest.raises(PowerCut):
            write()
    assert notes.keys() == []


def test_another_member_comes_after_the_first_answer(notes: Notes) -> None:
    """Once, and before the first goes on; and a key without an end is noted, though it gets one later."""
    key, other = f"{notes.beginning}7", notes.member()
    member = notes.member(meanwhile=lambda: other.client.set(key, "other", ex=60))
    assert member.client.get(key) is None
    assert member.client.get(key) == b"other"
    assert member.endless == []
    member.client.set(key, "mine")
    member.client.expire(key, 60)
    assert member.endless == [key]
