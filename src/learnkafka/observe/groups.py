"""What the coordinator of a consumer group knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from learnkafka.observe.frames import Committed, Group, Member
from learnkafka.observe.partitions import NotSettledError, ask_leaders, places_of

CLASSIC = ("classic", "", None)  # older brokers know no other type, and don't say


def look_at_group(admin: Any, name: str, settled_by: float) -> Group | None:
    """The group; None when no broker knows it.

    It is looked for among the groups that each broker coordinates: to ask for one group's coordinator would make
    Kafka create the topic __consumer_offsets, where nobody has used a group before.
    """
    listed = find_group(admin, name)
    if listed is None:
        return None
    described = describe_group(admin, name, listed)
    return Group(
        name=name,
        state=described["group_state"],
        protocol=described["protocol_data"],
        members=members_in(described),
        committed=_committed(admin, name, settled_by),
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """A group in the list of the broker that coordinates it."""

    coordinator: int
    state: str
    tells_members: bool
    """Whether kafka-python has a request for them."""


def find_group(admin: Any, name: str) -> Listed | None:
    """The group, where a broker coordinates it; raises a KafkaError where a broker that may can't be asked."""
    from kafka.errors import KafkaError

    lost = None
    for broker in admin.describe_cluster()["brokers"]:
        if broker.get("is_fenced"):
            continue
        number = broker["broker_id"]
        try:
            for entry in admin.list_groups(broker_ids=[number]):
                if entry["group_id"] == name:
                    classic = entry.get("group_type", "").lower() in CLASSIC
                    return Listed(number, entry.get("group_state") or "", classic)
        except KafkaError as error:
            lost = error
    if lost:
        raise lost  # the group may be the lost broker's
    return None


def describe_group(admin: Any, name: str, listed: Listed) -> Mapping[str, Any]:
    """What its coordinator says; raises NotSettledError where that isn't the coordinator any more, or not yet."""
    if not listed.tells_members:
        return {"group_state": listed.state, "protocol_data": "", "members": []}
    described: Mapping[str, Any] = admin.describe_groups([name], group_coordinator_id=listed.coordinator)[name]
    if described["error"]:
        raise NotSettledError(described["error"])
    return described


def members_in(described: Mapping[str, Any]) -> tuple[Member, ...]:
    """The members of a described group, by id."""
    return tuple(sorted(map(_member, described["members"]), key=lambda one: one.member_id))


def _member(member: Mapping[str, Any]) -> Member:
    assignment = member["member_assignment"] or {}
    return Member(
        member_id=member["member_id"],
        client_id=member["client_id"],
        host=member["client_host"].removeprefix("/"),
        partitions=tuple(
            sorted(
                (one["topic"], partition)
                for one in assignment.get("assigned_partitions", ())
                for partition in one["partitions"]
            )
        ),
    )


def _committed(admin: Any, name: str, settled_by: float) -> tuple[Committed, ...]:
    offsets = {one: at for one, at in admin.list_group_offsets({name: None})[name].items() if at.offset >= 0}
    topics = sorted({one.topic for one in offsets})
    described = admin.describe_topics(topics) if topics else []
    places = [place for place in places_of(described) if (place.topic, place.number) in offsets]
    said = ask_leaders(admin, places, settled_by)
    found = []
    for one, at in sorted(offsets.items()):
        end = said[one].high_watermark if one in said else None
        lag = None if end is None else end - at.offset
        found.append(Committed(one.topic, one.partition, at.offset, lag, at.metadata or ""))
    return tuple(found)
