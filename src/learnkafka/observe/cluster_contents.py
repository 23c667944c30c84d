"""What a frame of a cluster holds, as JSON values."""

from __future__ import annotations

from typing import Literal, TypedDict


class ClusterBroker(TypedDict):
    """One broker, there now or before."""

    id: int
    state: Literal["running", "away"]
    """`away`: the cluster doesn't count it as its own now (Kafka: fenced, or not registered)."""


class ClusterPartition(TypedDict):
    """Where one partition's copies are."""

    topic: str
    number: int
    leader: int | None
    """The id of the broker that leads it; None while nobody does."""
    epoch: int
    """How often it has changed leaders, as Kafka counts (Kafka: leader epoch)."""
    replicas: list[int]
    """The brokers that shall have a copy, the preferred leader first."""
    in_sync: list[int]
    """Those whose copy is up to date (Kafka: ISR), sorted; without a leader empty, or those whose copy was, at last."""


class ClusterContent(TypedDict):
    """A cluster's brokers, and partitions of some of its topics."""

    brokers: list[ClusterBroker]
    """By id: those running, those that are away but are known to the cluster, and those seen before."""
    topics: list[str]
    """Those that are there: in the order in which they were named, else by name."""
    partitions: list[ClusterPartition]
    """By topic, in that order, and number."""
    under_replicated: int
    """How many partitions have fewer copies in sync than they should have copies."""
    without_leader: int
    controller: int | None
    """The broker that is the active controller; None where none is known, or it isn't a broker."""
