"""Consumers that share a group: kept polling while a check looks at what the group's coordinator knows of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from learnkafka.broker.environment import patience
from learnkafka.errors import BrokerUnreachableError
from learnkafka.labs.misconceptions import ASSIGN_JOINS_A_GROUP, EACH_CONSUMER_ITS_OWN_GROUP
from learnkafka.labs.showing import counted, listed, said, shown
from learnkafka.labs.verdict import Verdict, wrong

if TYPE_CHECKING:
    from kafka import KafkaConsumer

    from learnkafka.labs.scene import Scene
    from learnkafka.observe import Group

SETTLED_SECONDS = 8.0  # a consumer with kafka-python's own heartbeat takes three of them to hear of a rebalance
READ_SECONDS = 4.0  # once a group has settled
LOOK_SECONDS = 0.02
_CLOSE_SECONDS = 5.0
_POLL_MS = 50


class Team:
    """Polls each consumer in a thread of its own while the block runs, and closes it after that."""

    def __init__(self, consumers: Iterable[KafkaConsumer]) -> None:
        self._consumers: list[Any] = list(consumers)
        self.records: list[list[Any]] = [[] for _ in self._consumers]
        """What each has been given, in its order."""
        self.errors: list[BaseException | None] = [None for _ in self._consumers]
        """What ended a consumer's polling."""
        self._leaving = [threading.Event() for _ in self._consumers]
        self._threads = [
            threading.Thread(target=self._poll, args=(place,), name=f"learnkafka-team-{place}", daemon=True)
            for place in range(len(self._consumers))
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        for place in range(len(self._consumers)):
            self._leaving[place].set()
        for thread in self._threads:
            thread.join(_CLOSE_SECONDS * patience())

    @property
    def error(self) -> BaseException | None:
        """The first that ended a consumer's polling."""
        return next((one for one in self.errors if one), None)

    def leave(self, place: int) -> None:
        """Close one of the consumers, so that it leaves its group."""
        self._leaving[place].set()
        self._threads[place].join(_CLOSE_SECONDS * patience())

    def until(self, condition: Callable[[], bool], seconds: float = READ_SECONDS) -> bool:
        """Whether it comes about in time; an error of a consumer's ends the waiting."""
        deadline = time.monotonic() + seconds * patience()
        while not (so := condition()) and not self.error and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        return so

    def settled(self, scene: Scene, group: str, members: int, partitions: int) -> Group | None:
        """The group when it has so many members and each partition has one; as it was last seen where that doesn't come about."""
        seen: list[Group | None] = [None]

        def is_settled() -> bool:
            seen[0] = scene.observer.group(group)
            return seen[0] is not None and seen[0].state == "Stable" and _sizes(seen[0]) == (members, partitions)

        self.until(is_settled, SETTLED_SECONDS)
        return seen[0]

    def at_rest(self, scene: Scene, group: str, members: int, partitions: int) -> Group:
        """The same of a group that is all the check's own, so that it is nobody's mistake when it doesn't come about."""
        seen = self.settled(scene, group, members, partitions)
        if not seen or not is_complete(seen, members, partitions):
            raise BrokerUnreachableError(
                f"The check's own consumers didn't come to share a group within {SETTLED_SECONDS * patience():g} seconds; check again."
            )
        return seen

    def _poll(self, place: int) -> None:
        consumer, leaving = self._consumers[place], self._leaving[place]
        try:
            for topic in consumer.subscription() or ():
                consumer.partitions_for_topic(topic)  # know the topic before joining: see CONTRIBUTING.md
            while not leaving.is_set():
                for records in consumer.poll(timeout_ms=_POLL_MS).values():
                    self.records[place] += records
        except Exception as error:  # noqa: BLE001 - the consumer is the learner's, and may be of any make
            self.errors[place] = error
        finally:
            with suppress(Exception):
                consumer.close()


def _sizes(group: Group) -> tuple[int, int]:
    return len(group.members), len({place for member in group.members for place in member.partitions})


def shares(group: Group | None) -> dict[str, list[tuple[str, int]]]:
    """What each member has, by its id."""
    return {one.member_id: list(one.partitions) for one in group.members} if group else {}


def not_consumers(result: Any, count: int) -> Verdict | None:
    """What is wrong where a function was to return so many consumers, each of which reads topics."""
    from kafka import KafkaConsumer

    expected = f"a list of {count} consumers" if count > 1 else "a list with one consumer"
    if not isinstance(result, list | tuple) or not all(isinstance(one, KafkaConsumer) for one in result):
        close_all(
            one for one in (result if isinstance(result, list | tuple) else [result]) if isinstance(one, KafkaConsumer)
        )
        return wrong("What came back isn't a list of consumers.", expected=expected, observed=shown(result))
    if (different := len({id(one) for one in result})) != count:
        observed = f"a list of {counted(len(result), 'consumer')}"
        if different < len(result):
            observed = f"a list of {len(result)}, with {counted(different, 'consumer')} in it more than once"
        close_all(result)
        return wrong("There is another number of consumers.", expected=expected, observed=observed)
    return None


def close_all(consumers: Iterable[Any]) -> None:
    """Those that a check doesn't need any more."""
    for one in consumers:
        with suppress(Exception):
            one.close()


def polled(consumers: list[Any]) -> Verdict | None:
    """Consumers that have read before the check could see it."""
    had = [len(one.assignment()) for one in consumers]
    if not any(had):
        return None
    close_all(consumers)
    return wrong(
        "Your function has polled its consumers, and the check can't see what they were given.",
        expected="consumers that haven't been polled yet",
        observed=f"one that has {counted(max(had), 'partition')} already",
    )


def failed(error: BaseException) -> Verdict:
    """A consumer that couldn't go on polling."""
    turned_away = type(error).__name__ == "InconsistentGroupProtocolError"
    return wrong(
        "The group has turned a consumer away: it has no rule for sharing out in common with the others."
        if turned_away
        else "A consumer that your function returned failed when it was polled.",
        expected="it joins the group, and gets its share",
        observed=said(error),
    )


def elsewhere(consumers: list[Any], group: str) -> Verdict | None:
    """Consumers that will never be members of the group."""
    groups = [one.config["group_id"] for one in consumers]
    if any(one != group for one in groups):
        close_all(consumers)
        return wrong(
            "Not all of the consumers have the group's id.",
            expected=f"the `group_id` {group}",
            observed=listed(one or "none" for one in groups),
            misconception=EACH_CONSUMER_ITS_OWN_GROUP
            if None not in groups and len(set(groups)) == len(groups)
            else None,
        )
    if any(not one.subscription() for one in consumers):
        chosen = sum(len(one.assignment()) for one in consumers)
        close_all(consumers)
        return wrong(
            "Not all of the consumers have subscribed to a topic, so they won't be members of the group.",
            expected="consumers that leave it to the group which partitions they get",
            observed=f"{counted(chosen, 'partition')} that they chose themselves" if chosen else "no topic",
            misconception=ASSIGN_JOINS_A_GROUP if chosen else None,
        )
    return None


def is_complete(group: Group | None, members: int, partitions: int) -> bool:
    """Whether it has so many members, and each partition one of them."""
    if not group:
        return False
    had = [place for has in shares(group).values() for place in has]
    return group.state == "Stable" and len(group.members) == members and len(had) == len(set(had)) == partitions


def not_shared(group: Group | None, members: int, partitions: int) -> Verdict:
    """A group that hasn't become what it should."""
    sizes = sorted((len(has) for has in shares(group).values()), reverse=True)
    return wrong(
        "The group hasn't come to share the partitions as it should.",
        expected=f"{counted(members, 'member')} with {counted(partitions, 'partition')} between them",
        observed=f"{counted(len(sizes), 'member')}, with {listed(sizes)} partitions" if sizes else "no members",
    )
