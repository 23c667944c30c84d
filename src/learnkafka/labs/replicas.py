"""What checks on a cluster have in common: all brokers up to begin with, one away for a while, and waiting until the brokers agree."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from learnkafka.broker import Cluster
from learnkafka.errors import BrokerUnreachableError
from learnkafka.labs.calling import GapError
from learnkafka.labs.comparing import same
from learnkafka.labs.exercise import Exercise
from learnkafka.labs.source import gap
from learnkafka.labs.verdict import Verdict, not_attempted

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.observe import Partition

BROKERS = (1, 2, 3)
_SECONDS = 60  # a broker that is back has nothing much to fetch: a very slow machine
_AGREED = 5  # looks in a row: each broker hears of a change a moment earlier or later


class OnThreeBrokers(Exercise):
    """An exercise on a cluster of three, all of which run when it is checked."""

    def check(self, scene: Scene, attempt: Any) -> Verdict:
        """Judge it when every broker is back that was stopped, here or by the learner."""
        if not isinstance(scene.broker, Cluster):
            return not_attempted(
                "This lab needs three brokers. Open it with a cluster, as its first cell does with start_cluster()."
            )
        if line := gap(attempt):
            raise GapError(line)  # before anything is stopped for it
        with scene.off_the_clock():
            for number in BROKERS:
                scene.broker.start_broker(number)
        return self.judge(scene, scene.broker, attempt)

    @abstractmethod
    def judge(self, scene: Scene, cluster: Cluster, attempt: Any) -> Verdict:
        """What `check` does elsewhere."""


def partitions(scene: Scene, topic: str) -> tuple[Partition, ...]:
    """They, as they are now; none where there is no such topic."""
    frame = scene.observer.topic(topic)
    return tuple(frame.partitions) if frame else ()


def wait_for(scene: Scene, topic: str, condition: Callable[[Partition], bool]) -> tuple[Partition, ...]:
    """Return when each partition is as it should be, whichever broker is asked."""
    deadline, agreed = time.monotonic() + _SECONDS, 0
    while True:
        found = partitions(scene, topic)
        agreed = agreed + 1 if found and all(map(condition, found)) else 0
        if agreed == _AGREED:
            return found
        if time.monotonic() > deadline:
            raise BrokerUnreachableError(
                f"The cluster didn't come to rest within {_SECONDS} s; run the cell that starts it again."
            )
        time.sleep(0.03)


def is_whole(partition: Partition) -> bool:
    """Whether it has a leader, which says so itself, and every copy is in sync."""
    return partition.end is not None and sorted(partition.in_sync) == sorted(partition.replicas)


def lies_as(lists: Sequence[list[int]]) -> Callable[[Partition], bool]:
    """Whether a partition is whole and has its copies on the brokers of its list, in that order."""
    return lambda one: is_whole(one) and list(one.replicas) == lists[one.number]


class Handover:
    """How a broker's copies are moved to others."""

    def __init__(self) -> None:
        self.asked = False  # for other brokers, by an admin client
        self.looked = False  # what became of it
        self.told_done = False  # by what was looked at last
        self.stopped_early = False  # the broker, while it still was to have copies


@contextmanager
def handover(scene: Scene, cluster: Cluster, topic: str, old: int) -> Iterator[Handover]:
    """What is done while this lasts, so that it doesn't depend on how fast the copying is."""
    from kafka import KafkaAdminClient

    seen = Handover()
    asking, looking = "alter_partition_reassignments", ("describe_topics", "list_partition_reassignments")
    methods = {name: getattr(KafkaAdminClient, name) for name in (asking, *looking)}

    def noting(name: str) -> Callable[..., Any]:
        @wraps(methods[name])
        def noted(*arguments: Any, **settings: Any) -> Any:
            answer = methods[name](*arguments, **settings)
            seen.asked |= name == asking
            seen.looked = name in looking and seen.asked
            about_a_part = name == "list_partition_reassignments" and (len(arguments) > 1 or settings)
            seen.told_done = seen.looked and not about_a_part and _says_done(answer, topic, old)
            return answer

        return noted

    def stop(end: Callable[[int], None]) -> Callable[[int], None]:
        @wraps(end)
        def noted(number: int) -> None:
            if same(number, old) and any(old in one.replicas for one in partitions(scene, topic)):
                seen.stopped_early = True
            end(number)

        return noted

    for name in methods:
        setattr(KafkaAdminClient, name, noting(name))
    for name in ("stop_broker", "kill_broker"):
        setattr(cluster, name, stop(getattr(cluster, name)))
    try:
        yield seen
    finally:
        del cluster.stop_broker, cluster.kill_broker
        for name, method in methods.items():
            setattr(KafkaAdminClient, name, method)


def _says_done(answer: Any, topic: str, old: int) -> bool:
    """Whether an answer of one of the two says that nothing moves any more."""
    if isinstance(answer, dict):  # what moves, by partition
        return all(one.topic != topic for one in answer)
    found = [one for each in answer if each["name"] == topic for one in each["partitions"]]
    return bool(found) and all(
        old not in one["replica_nodes"] and set(one["isr_nodes"]) == set(one["replica_nodes"]) for one in found
    )


@contextmanager
def away(scene: Scene, cluster: Cluster, number: int, *topics: str) -> Iterator[None]:
    """While this lasts, the broker is stopped, and the topics' partitions go on without it; then all are in sync again."""
    with scene.off_the_clock():
        cluster.stop_broker(number)
    try:
        with scene.off_the_clock():
            for topic in topics:
                wait_for(scene, topic, lambda one: one.leader is None or number not in one.in_sync)
        yield
    finally:
        cluster.start_broker(number)
        for topic in topics:
            wait_for(scene, topic, is_whole)
        scene.connect_anew()
