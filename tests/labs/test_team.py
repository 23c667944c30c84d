"""A learner's consumers, polled while a check looks: they leave their group in the end, whatever became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaConsumer

from learnkafka.errors import BrokerUnreachableError
from learnkafka.labs import team as teams
from learnkafka.labs.scene import Scene
from learnkafka.labs.team import Team, is_complete, shares

if TYPE_CHECKING:
    from learnkafka.broker import Broker

TIMING = {"session_timeout_ms": 10_000, "heartbeat_interval_ms": 200}


@pytest.fixture
def scene(broker: Broker) -> Iterator[Scene]:
    """The stage of a check."""
    with Scene(broker, Random(7), {}, []) as scene:  # noqa: S311 - the same each time
        yield scene


@pytest.fixture
def made(scene: Scene) -> Callable[[int], tuple[str, list[Any]]]:
    """`made(count)`: a group's name, and so many of its consumers, for a topic with four partitions."""

    def make(count: int) -> tuple[str, list[Any]]:
        topic, group = scene.topic("orders", partitions=4), scene.group("billing")
        return group, [KafkaConsumer(topic, **scene.connect, **TIMING, group_id=group) for _ in range(count)]

    return make


def test_they_share_and_leave(scene: Scene, made: Callable[[int], tuple[str, list[Any]]]) -> None:
    """Three, then two when one has left, then none."""
    group, consumers = made(3)
    with Team(consumers) as team:
        assert is_complete(team.settled(scene, group, 3, 4), 3, 4)
        team.leave(0)
        rest = team.settled(scene, group, 2, 4)
        assert sorted(len(has) for has in shares(rest).values()) == [2, 2]
        assert team.error is None
    left = scene.observer.group(group)
    assert left
    assert left.members == ()


def test_one_that_fails_ends_the_waiting(scene: Scene, made: Callable[[int], tuple[str, list[Any]]]) -> None:
    """The other is closed all the same."""
    _, consumers = made(2)
    consumers[1].close()
    with Team(consumers) as team:
        team.until(lambda: False, seconds=60)
        assert team.errors[0] is None
        assert isinstance(team.errors[1], Exception)
    assert consumers[0]._closed


def test_a_group_of_ours_that_does_not_settle(
    scene: Scene, made: Callable[[int], tuple[str, list[Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It isn't the learner's fault."""
    monkeypatch.setattr(teams, "SETTLED_SECONDS", 0.2)
    group, consumers = made(1)
    with Team(consumers) as team, pytest.raises(BrokerUnreachableError, match=r"within 0\.2 seconds; check again"):
        team.at_rest(scene, group, 2, 4)
