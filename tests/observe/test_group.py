"""What an observer tells of a consumer group."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kafka import KafkaAdminClient, KafkaConsumer

from learnkafka.observe import Committed, Group, Observer

if TYPE_CHECKING:
    from learnkafka.broker import Broker

Send = Callable[..., None]


def test_group_with_members(broker: Broker, observer: Observer, until: Callable[..., Any]) -> None:
    """While they are there, each member has its share; when they have gone, the group is empty."""
    name = broker.topic("shared", partitions=3)

    def consumer(client: str) -> KafkaConsumer:
        return KafkaConsumer(
            name,
            bootstrap_servers=broker.bootstrap_servers,
            group_id="readers",
            client_id=client,
            heartbeat_interval_ms=100,
        )

    with consumer("ada") as ada, consumer("grace") as grace:

        def settled() -> Group | None:
            """The group, once both members have what the broker says that they have."""
            for one in (ada, grace):
                one.poll(timeout_ms=50)
            seen = observer.group("readers")
            held = {"ada": partitions(ada), "grace": partitions(grace)}
            told = {one.client_id: one.partitions for one in seen.members} if seen else {}
            return seen if seen and seen.state == "Stable" and all(held.values()) and told == held else None

        seen = until(settled)
    assert seen.name == "readers"
    assert seen.protocol == "range"
    assert sorted(len(one.partitions) for one in seen.members) == [1, 2]
    assert all(one.member_id.startswith(one.client_id) and one.host == "127.0.0.1" for one in seen.members)
    left = observer.group("readers")
    assert left is not None
    assert (left.state, left.protocol, left.members) == ("Empty", "", ())


def partitions(consumer: KafkaConsumer) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((one.topic, one.partition) for one in consumer.assignment()))


def test_committed_offsets_and_lag(broker: Broker, observer: Observer, send: Send, commit: Callable[..., None]) -> None:
    """A group without members keeps its offsets, of several topics; what comes meanwhile is its lag."""
    name, other = broker.topic("read", partitions=3), broker.topic("also-read")
    send(name, b"0", b"1")
    commit("slow", name, {0: 1, 1: 0})
    commit("slow", other, {0: 0})
    send(name, b"2")
    seen = observer.group("slow")
    assert seen == Group(
        "slow", "Empty", "", (), (Committed(other, 0, 0, 0), Committed(name, 0, 1, 2), Committed(name, 1, 0, 0))
    )
    send(name, b"3")
    seen = observer.group("slow")
    assert seen is not None
    assert seen.committed[1].lag == 3


def test_unknown_group(
    broker: Broker, observer: Observer, admin: KafkaAdminClient, commit: Callable[..., None]
) -> None:
    """Never there, or deleted."""
    assert observer.group("nobody") is None
    commit("short-lived", broker.topic("any"), {0: 0})
    assert observer.group("short-lived") is not None
    admin.delete_groups(["short-lived"])
    assert observer.group("short-lived") is None


def test_group_of_the_newer_protocol(broker: Broker, observer: Observer, send: Send) -> None:
    """A group with group.protocol=consumer (KIP-848): its state and offsets; kafka-python can't ask for its members."""
    name = broker.topic("newer")
    send(name, b"0", b"1")
    consumer = [
        "kafka-console-consumer.sh",
        "--topic",
        name,
        "--group",
        "newer",
        "--from-beginning",
        "--max-messages",
        "1",
    ]
    assert broker.tool(*consumer, "--command-property", "group.protocol=consumer") == "0"
    assert observer.group("newer") == Group("newer", "Empty", "", (), (Committed(name, 0, 1, 1),))
