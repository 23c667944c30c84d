"""Which members were started in this process: by broker and group, with what another one like them needs."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from learnkafka.members.member import Member, MemberError

if TYPE_CHECKING:
    from learnkafka.broker import Broker

_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Given:
    """What start_member was given for a member, beside its group and name."""

    file: str
    topic: str | Sequence[str]
    others: dict[str, Any]


@dataclass(slots=True)
class _Group:
    names: list[str] = field(default_factory=list)
    members: list[tuple[Member, Given]] = field(default_factory=list)


_groups: weakref.WeakKeyDictionary[Broker, dict[str, _Group]] = weakref.WeakKeyDictionary()


def members_of(broker: Broker, group: str) -> tuple[Member, ...]:
    """All members that were started here for this group, in order of start, those that have ended too."""
    with _lock:
        known = _groups.get(broker, {}).get(group)
        return tuple(member for member, _ in known.members) if known else ()


def take_name(broker: Broker, group: str, wanted: str | None) -> str:
    """A name that no other of the group has had."""
    with _lock:
        taken = _groups.setdefault(broker, {}).setdefault(group, _Group()).names
        if wanted is None:
            wanted = next(name for number in count(len(taken) + 1) if (name := f"{group}-{number}") not in taken)
        elif not isinstance(wanted, str) or not wanted.strip() or wanted in taken:
            raise MemberError(f"A member's name is text that no other of its group has had; {wanted!r} isn't.")
        taken.append(wanted)
        return wanted


def enter(broker: Broker, member: Member, given: Given) -> None:
    """Its process is there."""
    with _lock:
        _groups[broker][member.group].members.append((member, deepcopy(given)))


def strike(broker: Broker, group: str, name: str) -> None:
    """It didn't come to be: its name is free again."""
    with _lock:
        known = _groups[broker][group]
        known.names.remove(name)
        known.members = [one for one in known.members if one[0].name != name]


def origin_of(member: Member) -> tuple[Broker, Given]:
    """The broker that it was started for, and with what."""
    with _lock:
        for broker, groups in _groups.items():
            for known, given in groups.get(member.group, _Group()).members:
                if known is member:
                    return broker, deepcopy(given)
    raise MemberError(
        f"The broker that {member.name} read from isn't there any more; start a member with start_member()."
    )
