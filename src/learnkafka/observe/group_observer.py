"""What a broker tells of a group at one look: its coordinator of members and offsets, the leaders of the partitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from learnkafka.observe.groups import Listed, describe_group, find_group, members_in
from learnkafka.observe.logs import LogConnections
from learnkafka.observe.observer import Observer, _settled_by
from learnkafka.observe.partitions import NotSettledError, Said, ask_leaders, places_of

if TYPE_CHECKING:
    from learnkafka.broker import Broker
    from learnkafka.observe.frames import Member

Name = tuple[str, int]
"""(topic, partition)."""


@dataclass(frozen=True, slots=True)
class GroupTold:
    """What the broker told in one look."""

    state: str
    """Empty where no broker knows the group."""
    protocol: str
    members: tuple[Member, ...] | None
    """None where nobody can say."""
    committed: Mapping[Name, int]
    partitions: Mapping[Name, Said]
    """All partitions of the topics that were asked for, that members have or that have committed offsets."""
    topic_ids: Mapping[str, str]
    """Another one when a topic was deleted and made anew under its name."""

    @classmethod
    def of_nothing(cls) -> GroupTold:
        """There is no such group."""
        return cls("", "", (), {}, {}, {})


class GroupObserver(Observer):
    """Tells of one group what its picture needs, in one call."""

    def __init__(self, broker: Broker, group: str, name: str) -> None:
        super().__init__(broker)
        self._connections = LogConnections(broker.bootstrap_servers, broker.client_config(), name)
        self._group = group
        self._listed: Listed | None = None
        self._was_there = False

    def tell(self, topics: Iterable[str]) -> GroupTold:
        """The group now, and the partitions of these topics too."""
        return self._ask(lambda deadline: self._look(frozenset(topics), deadline))

    def _look(self, topics: frozenset[str], deadline: float) -> GroupTold:
        admin = self._connections.admin(deadline)
        # Where the coordinator was a moment ago; if any of this fails, it is looked for the next time.
        listed, self._listed = self._listed or find_group(admin, self._group), None
        if listed is None and self._was_there:
            self._make_sure_it_is_gone(admin)
        self._was_there = listed is not None
        state, protocol, members, committed = "", "", (), {}
        found: tuple[Member, ...] | None = members
        if listed:
            described = describe_group(admin, self._group, listed)
            if described["group_state"] == "Dead":  # older brokers say so of one that was deleted
                raise NotSettledError("Dead")
            state, protocol = described["group_state"], described["protocol_data"]
            found = members_in(described) if listed.tells_members else None
            offsets = admin.list_group_offsets({self._group: None})[self._group]
            committed = {(one.topic, one.partition): at.offset for one, at in offsets.items() if at.offset >= 0}
            topics |= {topic for topic, _ in committed}
            topics |= {topic for one in found or () for topic, _ in one.partitions}
        partitions, topic_ids = _partitions(admin, topics, deadline)
        self._listed = listed if listed and listed.tells_members else None
        return GroupTold(state, protocol, found, committed, partitions, topic_ids)

    def _make_sure_it_is_gone(self, admin: Any) -> None:
        """While another broker takes a coordinator's groups over, none lists them; who is to coordinate them knows.

        To ask for the coordinator makes no topic here: where a group was, there is one.
        """
        described = admin.describe_groups([self._group])[self._group]
        if described["group_state"] != "Dead":
            raise NotSettledError(described["error"] or described["group_state"])


def _partitions(admin: Any, topics: frozenset[str], deadline: float) -> tuple[dict[Name, Said], dict[str, str]]:
    if not topics:
        return {}, {}
    described = [one for one in admin.describe_topics(sorted(topics)) if one["error_code"] == 0]
    said = ask_leaders(admin, places_of(described), _settled_by(deadline), only_offsets=True)
    names = sorted((one["name"], part["partition_index"]) for one in described for part in one["partitions"])
    return {name: said.get(name, Said()) for name in names}, {one["name"]: str(one["topic_id"]) for one in described}
