"""What a broker said of a topic or a group at one moment, as plain values that a picture can be drawn from.

The words are those of Kafka's documentation: https://kafka.apache.org/documentation/ (log start offset, high watermark
and in-sync replicas under *Replication*, the settings' sources under *DescribeConfigs*).
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT = "DEFAULT_CONFIG"
ON_THE_TOPIC = "DYNAMIC_TOPIC_CONFIG"


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it lies in its partition; keys, values and headers are bytes, for Kafka knows nothing of text."""

    partition: int
    offset: int
    timestamp: int
    """Milliseconds since 1970 (UTC): the producer's, or the broker's where the topic asks for that; -1 for none."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    """Name and value, in the producer's order; other clients may send a header without a value."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of a topic, as its leader has it; what nobody could say now is None."""

    number: int
    log_start: int | None
    """The offset of the first record that is kept (Kafka: log start offset)."""
    end: int | None
    """The offset that the next record will get on the leader (Kafka: log end offset); never below `high_watermark`."""
    high_watermark: int | None
    """Where readers stop: every record before it is on all in-sync replicas."""
    leader: int | None
    """The id of the broker that leads it; None while it has no leader."""
    replicas: tuple[int, ...]
    """The ids of the brokers that shall have a copy, the preferred leader first."""
    in_sync: tuple[int, ...]
    """The ids of those whose copy is up to date (Kafka: ISR)."""
    size: int | None
    """Bytes of its segments on the leader's disk; None where the broker doesn't say, or one may not ask."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic with its partitions by number, and its records where they were asked for."""

    name: str
    partitions: tuple[Partition, ...]
    records: tuple[Record, ...] | None = None
    """By partition and offset; None unless asked for, and where one may not read them."""


@dataclass(frozen=True, slots=True)
class Member:
    """One consumer in a group, with what the group has assigned to it."""

    member_id: str
    client_id: str
    host: str
    partitions: tuple[tuple[str, int], ...]
    """(topic, partition), sorted."""


@dataclass(frozen=True, slots=True)
class Committed:
    """How far a group has come in one partition."""

    topic: str
    partition: int
    offset: int
    """The next record that the group will read: one more than the last that it has dealt with."""
    lag: int | None
    """Records between `offset` and the high watermark; None where that isn't known now."""
    metadata: str = ""
    """The word that the consumer left with its commit."""


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group, as its coordinator has it."""

    name: str
    state: str
    """Kafka's word: `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable`, `Dead`, …"""
    protocol: str
    """The assignor that its members agreed on (`range`, …); empty while there are no members."""
    members: tuple[Member, ...]
    committed: tuple[Committed, ...]
    """By topic and partition."""


@dataclass(frozen=True, slots=True)
class Config:
    """A setting in force for a topic."""

    name: str
    value: str | None
    """As Kafka writes it; None where it keeps the value to itself."""
    source: str
    """Kafka's word for where the value comes from: `DYNAMIC_TOPIC_CONFIG`, `STATIC_BROKER_CONFIG`, `DEFAULT_CONFIG`, …"""

    @property
    def is_default(self) -> bool:
        """Whether nobody set it, neither here nor on the broker."""
        return self.source == DEFAULT

    @property
    def is_set_on_topic(self) -> bool:
        """Whether it was set on this topic itself."""
        return self.source == ON_THE_TOPIC
