"""Looking at a consumer group: who is in it, who has which partition, how far each has come, and how that came about."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from learnkafka.members import members_of
from learnkafka.observe.group_contents import NO_MORE
from learnkafka.observe.group_observer import GroupObserver, GroupTold
from learnkafka.observe.partitions import Said
from learnkafka.observe.positions import checked_consumers_of
from learnkafka.observe.recorder import Seen
from learnkafka.observe.roster import Roster, Row

if TYPE_CHECKING:
    from kafka import KafkaConsumer

    from learnkafka.broker import Broker
    from learnkafka.observe.group_contents import GroupContent, GroupMember, GroupPartition

_numbers = itertools.count(1)

Name = tuple[str, int]
"""(topic, partition)."""
Part = TypeVar("Part", bound="GroupMember | GroupPartition")


class GroupLook:
    """A recorder's look at a group: its coordinator's word, its members' own, and a learner's consumers."""

    def __init__(self, broker: Broker, group: str, consumers: Iterable[KafkaConsumer] = ()) -> None:
        self.group = group
        self.name = f"learnkafka-view-{os.getpid()}-group-{next(_numbers)}"
        self.notice = ""
        """What became of the last thing asked for with a button, where it went wrong; it is part of what is seen."""
        self._broker = broker
        self._roster = Roster(broker, group, checked_consumers_of(group, consumers))
        self._observer = GroupObserver(broker, group, self.name)
        self._topics: frozenset[str] = frozenset()
        self._topic_ids: dict[str, str] = {}
        self._shared: dict[object, Any] = {}

    @property
    def can_add(self) -> bool:
        """Whether a member was started here for this group, so that another like it can be."""
        return bool(members_of(self._broker, self.group))

    def look(self) -> Seen:
        """The group now; `absent` while there is none, nor anybody who would join it."""
        self._roster.hear()  # before the broker is asked: of which topics
        told = self._observer.tell(self._topics | self._roster.history.topics)
        self._roster.hear()  # after it has answered: who is in the group has told us his id
        self._roster.see(told.members, told.state == "Stable")
        self._note_topics(told)
        if not told.state and all(row.state in NO_MORE for row in self._roster.shown):
            self._roster.clear()
            self._topics = frozenset()
            self._shared.clear()
            return Seen("absent", self._content(GroupTold.of_nothing()), f"There is no group {self.group!r} yet.")
        content = self._content(told)
        return Seen("live", content, parts=max(1, len(content["partitions"])))

    def close(self) -> None:
        """End the connections."""
        self._observer.close()

    def _note_topics(self, told: GroupTold) -> None:
        for topic, number in told.topic_ids.items():
            if self._topic_ids.get(topic, number) != number:
                self._roster.deliveries.forget(topic)
            self._topic_ids[topic] = number
        self._topics = frozenset(told.topic_ids)

    # What is drawn.

    def _content(self, told: GroupTold) -> GroupContent:
        history, rows = self._roster.history, self._roster.shown
        held = {place for row in rows for place in history.held_by(row.name)}
        places = sorted(told.partitions.keys() | told.committed.keys() | held)
        return {
            "group": self.group,
            "state": told.state,
            "protocol": told.protocol,
            "generation": history.generation if rows else None,
            "members": [self._share(row.name, self._member(row)) for row in rows],
            "partitions": [self._share(place, self._partition(place, told)) for place in places],
            "lanes": {row.name: history.lanes[row.name] for row in rows if row.name in history.lanes},
            "rebalances": history.rebalances if rows else [],
            "can_add": self.can_add,
            "notice": self.notice,
        }

    def _member(self, row: Row) -> GroupMember:
        history = self._roster.history
        return {
            "name": row.name,
            "kind": row.kind,
            "state": cast("Any", row.state),
            "in_group": row.in_group,
            "generation": history.generation_of(row.name),
            "partitions": [[topic, number] for topic, number in sorted(history.held_by(row.name))],
            "delivered": row.delivered,
            "again": None if row.delivered is None else self._roster.deliveries.again(row.name),
        }

    def _partition(self, place: Name, told: GroupTold) -> GroupPartition:
        said = told.partitions.get(place, Said())
        committed, high_watermark = told.committed.get(place), said.high_watermark
        member = self._roster.history.holder(place)
        return {
            "topic": place[0],
            "number": place[1],
            "member": member,
            "log_start": said.log_start,
            "committed": committed,
            "position": None if member is None else self._roster.position(member, place),
            "high_watermark": high_watermark,
            "lag": None if committed is None or high_watermark is None else max(0, high_watermark - committed),
            "lost": 0 if committed is None or said.log_start is None else max(0, said.log_start - committed),
        }

    def _share(self, key: object, new: Part) -> Part:
        """The old one where nothing in it has changed, so that frames share it."""
        if self._shared.get(key) != new:
            self._shared[key] = new
        return cast("Part", self._shared[key])
