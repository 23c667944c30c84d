"""No learner can read, write, describe or delete another's topics or groups: each way across is tried."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import (
    ConfigResource,
    ConfigResourceType,
    OffsetSpec,
    UserScramCredentialDeletion,
    UserScramCredentialUpsertion,
)
from kafka.structs import OffsetAndMetadata

from learnkafka.classroom import Quota
from learnkafka.classroom.quotas import set_quotas
from learnkafka.classroom.rights import give_rights

Connect = Callable[[str], dict[str, Any]]
ORDERS = TopicPartition("ada-orders", 0)
BILLING = "ada-billing"
ONE = {"num_partitions": 1, "replication_factor": 1}
CONFIG = ConfigResource(ConfigResourceType.TOPIC, ORDERS.topic, {"retention.ms": "864000000"})


@pytest.fixture(scope="module")
def ada(ada_and_bob: Connect) -> None:
    """Ada has a topic with one record, and a group that has read it."""
    connect = ada_and_bob("ada")
    settings = {"group_id": BILLING, "auto_offset_reset": "earliest", "consumer_timeout_ms": 30_000}
    with KafkaAdminClient(**connect) as admin:
        admin.create_topics({ORDERS.topic: {"num_partitions": 1, "replication_factor": 3}}, wait_for_metadata=True)
    with KafkaProducer(**connect) as producer:
        producer.send(ORDERS.topic, b"an order of Ada's").get(timeout=30)
    with KafkaConsumer(ORDERS.topic, **connect, **settings) as consumer:
        assert next(consumer).value == b"an order of Ada's"
        consumer.commit()


@pytest.fixture
def untouched(owner: Any, ada: None) -> Iterator[None]:
    """What Ada has is there afterwards as it was before."""

    def seen() -> dict[str, Any]:
        configs = owner.describe_configs([ConfigResource(ConfigResourceType.TOPIC, ORDERS.topic)])
        return {
            "committed": owner.list_group_offsets(BILLING)[BILLING][ORDERS].offset,
            "start": owner.list_partition_offsets({ORDERS: OffsetSpec.EARLIEST})[ORDERS].offset,
            "end": owner.list_partition_offsets({ORDERS: OffsetSpec.LATEST})[ORDERS].offset,
            "configs": str(configs),
            "partitions": len(owner.describe_topics([ORDERS.topic])[0]["partitions"]),
            "topics": sorted(owner.list_topics()),
            "users": str(owner.describe_user_scram_credentials(["ada", "bob"])),
        }

    before = seen()
    assert (before["committed"], before["start"], before["end"], before["partitions"]) == (1, 0, 1, 1)
    yield
    assert seen() == before


def read(connect: dict[str, Any]) -> Any:
    with KafkaConsumer(**connect, auto_offset_reset="earliest") as consumer:
        consumer.assign([ORDERS])
        return consumer.poll(5_000)


def subscribe(connect: dict[str, Any]) -> Any:
    with KafkaConsumer(
        ORDERS.topic, **connect, group_id=f"{connect['sasl_plain_username']}-group", auto_offset_reset="earliest"
    ) as consumer:
        return consumer.poll(5_000)


def join(connect: dict[str, Any]) -> Any:
    with KafkaConsumer("bob-own", **connect, group_id=BILLING) as consumer:
        return consumer.poll(5_000)


def commit(connect: dict[str, Any]) -> Any:
    with KafkaConsumer(**connect, group_id=BILLING, enable_auto_commit=False) as consumer:
        consumer.assign([ORDERS])
        return consumer.commit({ORDERS: OffsetAndMetadata(0, "", -1)}, timeout_ms=20_000)


def write(connect: dict[str, Any]) -> Any:
    with KafkaProducer(**connect, max_block_ms=20_000) as producer:
        return producer.send(ORDERS.topic, b"an order of Bob's").get(timeout=30)


def transact(connect: dict[str, Any]) -> Any:
    with KafkaProducer(**connect, transactional_id="ada-transfer", max_block_ms=20_000) as producer:
        return producer.init_transactions()


def by_admin(call: Callable[[Any], Any]) -> Callable[[dict[str, Any]], Any]:
    def cross(connect: dict[str, Any]) -> Any:
        with KafkaAdminClient(**connect, request_timeout_ms=5_000) as admin:
            return call(admin)

    return cross


REFUSED = r"AuthorizationFailedError|[Aa]uthorization failed|'?error_code'?[:=] ?29|needs ALTER permission"
NOTHING = r"^\{\}$"  # kafka-python writes to its log that it isn't authorised, and goes on
UNKNOWN = "UnknownTopicOrPartitionError"
SILENT = "RequestTimedOutError|" + REFUSED  # Kafka 4.3.1 answers this one not at all

# What Bob tries, and how he is turned away.
CROSSINGS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "read a partition": (read, NOTHING),
    "subscribe to a topic": (subscribe, NOTHING),
    "write to a topic": (write, REFUSED),
    "join a group": (join, REFUSED),
    "commit for a group": (commit, REFUSED),
    "take a transactional id": (transact, REFUSED),
    "describe a topic": (by_admin(lambda admin: admin.describe_topics([ORDERS.topic])), REFUSED),
    "describe its offsets": (
        by_admin(lambda admin: admin.list_partition_offsets({ORDERS: OffsetSpec.LATEST})),
        UNKNOWN,
    ),
    "describe its configuration": (by_admin(lambda admin: admin.describe_configs([CONFIG])), r"\{'ada-orders': \{\}\}"),
    "alter its configuration": (by_admin(lambda admin: admin.alter_configs([CONFIG], raise_on_unknown=False)), REFUSED),
    "add partitions": (by_admin(lambda admin: admin.create_partitions({ORDERS.topic: 6}, raise_errors=False)), REFUSED),
    "delete its records": (by_admin(lambda admin: admin.delete_records({ORDERS: 1})), UNKNOWN),
    "delete a topic": (by_admin(lambda admin: admin.delete_topics([ORDERS.topic], raise_errors=False)), REFUSED),
    "make a topic in another's name": (
        by_admin(lambda admin: admin.create_topics({"ada-more": ONE}, raise_errors=False)),
        REFUSED,
    ),
    "make a topic in nobody's name": (
        by_admin(lambda admin: admin.create_topics({"orders": ONE}, raise_errors=False)),
        REFUSED,
    ),
    "describe a group": (by_admin(lambda admin: admin.describe_groups([BILLING])), REFUSED),
    "see a group's offsets": (by_admin(lambda admin: admin.list_group_offsets(BILLING)), REFUSED),
    "move a group's offsets": (
        by_admin(lambda admin: admin.alter_group_offsets(BILLING, {ORDERS: OffsetAndMetadata(0, "", -1)})),
        REFUSED,
    ),
    "delete a group": (by_admin(lambda admin: admin.delete_groups([BILLING])), REFUSED),
    "give oneself rights": (by_admin(lambda admin: give_rights(admin, {"bob": "ada-"})), "The cluster refused"),
    "give oneself a quota": (
        by_admin(lambda admin: set_quotas(admin, {"bob": Quota(produce=10**9)})),
        "The cluster refused",
    ),
    "set another's password": (
        by_admin(
            lambda admin: admin.alter_user_scram_credentials(
                [UserScramCredentialUpsertion("ada", "SCRAM-SHA-512", "x")]
            )
        ),
        REFUSED,
    ),
    "delete another": (
        by_admin(
            lambda admin: admin.alter_user_scram_credentials([UserScramCredentialDeletion("ada", "SCRAM-SHA-512")])
        ),
        REFUSED,
    ),
    "see who is in the class": (by_admin(lambda admin: admin.describe_user_scram_credentials()), SILENT),
}
HER_OWN = [
    name for name in CROSSINGS if not re.search("nobody|oneself|join|another's password|delete another|who is", name)
]


def outcome(crossing: str, connect: dict[str, Any]) -> str:
    """What came back or was raised, as text."""
    try:
        return repr(CROSSINGS[crossing][0](connect))
    except Exception as error:  # noqa: BLE001 - which one it was is what is asked
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("crossing", CROSSINGS)
def test_bob_is_turned_away(crossing: str, ada_and_bob: Connect, untouched: None) -> None:
    """And what Ada has is untouched."""
    assert re.search(CROSSINGS[crossing][1], outcome(crossing, ada_and_bob("bob")))


def test_lists_show_the_own_only(ada_and_bob: Connect, ada: None) -> None:
    """Neither topics nor groups of others; the own ones are there."""
    with KafkaAdminClient(**ada_and_bob("ada")) as admin:
        assert admin.list_topics() == [ORDERS.topic]
        assert {group["group_id"] for group in admin.list_groups()} == {BILLING}
    with KafkaAdminClient(**ada_and_bob("bob")) as admin:
        assert admin.list_topics() == []
        assert not [group for group in admin.list_groups() if not group["group_id"].startswith("bob-")]


@pytest.mark.parametrize(
    "crossing", sorted(HER_OWN, key=lambda name: (name == "delete a topic", name.startswith("delete")))
)
def test_ada_herself_may(crossing: str, ada_and_bob: Connect, ada: None) -> None:
    """So it is for want of rights that Bob can't: the same calls go through with hers."""
    seen = outcome(crossing, ada_and_bob("ada"))
    assert not re.search(f"{REFUSED}|{NOTHING}|Error:", seen), seen
