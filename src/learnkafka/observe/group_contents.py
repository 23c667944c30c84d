"""What a frame of a consumer group holds, as JSON values."""

from __future__ import annotations

from typing import Literal, TypedDict

Place = list[str | int]
"""[topic, partition]."""

NO_MORE = frozenset({"returned", "raised", "stopped", "killed", "exited", "closed"})
"""The states of a member that doesn't come back."""


class GroupMember(TypedDict):
    """One consumer of the group, now or before."""

    name: str
    """The member's own name, a handed-over consumer's `client_id`, or the `client_id` of one that runs elsewhere.

    Where two would have the same, the later one has " (2)" after it, and so on. It never changes, so that it can be
    used as a key.
    """
    kind: Literal["process", "notebook", "elsewhere"]
    """Started by start_member; handed over by the learner; known from the group's coordinator alone."""
    state: Literal["running", "slow", "paused", "frozen", "returned", "raised", "stopped", "killed", "exited", "closed"]
    """`slow` where start_member's records take longer; from `returned` on it is no more (`closed`: not a process)."""
    in_group: bool | None
    """Whether the coordinator counts it; so a killed member is in the group until its session ends. None: not known."""
    generation: int | None
    """The group's generation that it knows; None where it tells nothing ("elsewhere") or is in no group yet."""
    partitions: list[Place]
    """What it has: by its own word, else by the coordinator's. Sorted."""
    delivered: int | None
    """How many records it has been given, as far as that was seen; None where nobody tells."""
    again: int | None
    """How many of those a member of this group had been given before: delivered more than once."""


class GroupPartition(TypedDict):
    """One partition that the group reads or has committed; None where nobody could say."""

    topic: str
    number: int
    member: str | None
    """The name of the member that has it; None while nobody has."""
    log_start: int | None
    committed: int | None
    position: int | None
    """Where the member that has it is: the offset of the next record."""
    high_watermark: int | None
    lag: int | None
    """From the committed offset to the high watermark; what lies before the log start counts, though it is gone."""
    lost: int
    """Records between the committed offset and the log start, which the group never had a chance to read."""


Stretch = list[float | str | list[Place] | None]
"""[from, to, what, partitions, generation].

A stretch of a member's time line, in seconds since 1970; `to` is None while it lasts. `what` is `assigned` (it has these
partitions, perhaps none), `waiting` (it was told to give up partitions, or has begun, and hasn't been assigned any since:
the gap), `lost` (the group has gone on without it; it lasts until it is assigned some again) or an end (`stopped`, `killed`,
`closed`, …), which lasts.
"""


class Rebalance(TypedDict):
    """One rebalance: from the first partition given back, or the first join, to the last member's new assignment.

    A cooperative change takes two: in the first partitions are given back, in the second they are assigned anew.
    """

    generation: int
    """The one that it led to."""
    began: float
    ended: float
    revoked: int
    """How many partitions had to be given back; in an eager rebalance all of them, but for those of a member that died."""
    moved: int
    """How many of all partitions have another member than before; the first assignment moves none."""
    without: float
    """The longest time in seconds in which a partition that had a member had none."""


class GroupContent(TypedDict):
    """A group; no members and no partitions while there is no such group."""

    group: str
    state: str
    """Kafka's word: `Stable`, `PreparingRebalance`, `Empty`, …; empty where the coordinator knows no such group."""
    protocol: str
    """The assignor, as Kafka names it: `range`, `cooperative-sticky`, …"""
    generation: int | None
    """The newest that a member or a handed-over consumer has told; None where none of them tells."""
    members: list[GroupMember]
    """Those there now and those that ended while the view looked, in the order in which they were first seen."""
    partitions: list[GroupPartition]
    """By topic and number."""
    lanes: dict[str, list[Stretch]]
    """For each member's name its newest stretches, the oldest first; for those elsewhere, as the coordinator tells.

    A member that hasn't begun to join has none yet.
    """
    rebalances: list[Rebalance]
    """The newest five, the oldest first; empty where no member tells."""
    can_add: bool
    """Whether a member was started in this notebook for this group, so that another like it can be."""
    notice: str
    """What became of the last thing asked for with a button, where it went wrong: one sentence; else empty."""
