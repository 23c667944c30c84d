"""Deleting groups whose members may have gone without a word."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any


def delete_groups(admin: Any, names: Callable[[], Iterable[str]], seconds: float) -> list[str]:
    """Delete the groups, and give back the names of those that are still there after so many seconds.

    Which ones is asked again before each try: a name may have been given to somebody else meanwhile.

    The broker deletes no group that has members, and a member that was killed, or whose LeaveGroup got lost (kafka-python
    sends it once, and none in the midst of a join), counts as one until its session timeout. So members are put out
    first. One that is alive comes back, and keeps its group.
    """
    from kafka.errors import KafkaError

    deadline = time.monotonic() + seconds
    while left := sorted({group["group_id"] for group in admin.list_groups()} & set(names())):
        for name in left:
            with suppress(KafkaError):  # the coordinator may be moving, or the group may be gone by now: look again
                put_out_members(admin, name)
                admin.delete_groups([name])
        if time.monotonic() > deadline:
            return sorted({group["group_id"] for group in admin.list_groups()} & set(left))
        time.sleep(0.05)
    return []


def put_out_members(admin: Any, group: str) -> None:
    """Remove whoever is still a member, as a process that was killed is for a while."""
    from kafka.admin import MemberToRemove

    members = admin.describe_groups([group])[group]["members"]
    names = [(one["member_id"], one["group_instance_id"]) for one in members]
    if names:
        gone = [MemberToRemove(**({"group_instance_id": own} if own else {"member_id": one})) for one, own in names]
        admin.remove_group_members(group, gone)
