"""Ready means: a record has gone to the cluster and come back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from learnkafka.errors import BrokerError

CONNECTION = {"reconnect_backoff_ms": 20, "reconnect_backoff_max_ms": 100, "retry_backoff_ms": 20}
"""For our own clients that wait on a broker of ours, which is about to answer."""


def wait_for_round_trip(
    bootstrap_servers: str,
    client_config: Mapping[str, Any],
    brokers: int,
    seconds: float,
    explain_if_dead: Callable[[], None] = lambda: None,
) -> None:
    """Return when a record has been acknowledged by all replicas and read back, on a topic that is deleted again.

    `explain_if_dead` is asked between attempts, and raises when there is nobody left to wait for.
    """
    from kafka.errors import KafkaError

    deadline = time.monotonic() + seconds
    connect = {"bootstrap_servers": bootstrap_servers, **CONNECTION, "request_timeout_ms": 5000, **client_config}
    while True:
        cause: KafkaError | None = None
        try:
            if _round_trip(connect, brokers):
                return
        except KafkaError as error:
            cause = error
        explain_if_dead()
        if time.monotonic() > deadline:
            seen = type(cause).__name__ if cause else "it was acknowledged, but didn't come back"
            raise BrokerError(
                f"The broker runs, but no record made the round trip within {seconds:.0f} s ({seen}); "
                "try again, and look at what `learnkafka doctor` says."
            ) from cause
        time.sleep(0.05)


def _round_trip(connect: Mapping[str, Any], brokers: int) -> bool:
    """Whether a record that was acknowledged came back; raises KafkaError where the broker isn't up to it yet."""
    from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

    topic = f"learnkafka-ready-{secrets.token_hex(4)}"
    options = {"num_partitions": 1, "replication_factor": brokers}
    # By default a producer keeps at it for two minutes, also while it is closed: a broker may have died since.
    once = {"enable_idempotence": False, "acks": "all", "delivery_timeout_ms": 10_000, "max_block_ms": 10_000}
    # All three connect first: kafka-python lets 0.1 s pass between two requests for metadata, and the topic's making
    # takes up most of that.
    with (
        KafkaAdminClient(**connect, bootstrap_timeout_ms=2000) as admin,
        KafkaProducer(**connect, bootstrap_timeout_ms=2000, **once) as producer,
        KafkaConsumer(**connect, bootstrap_timeout_ms=2000, enable_auto_commit=False) as consumer,
    ):
        admin.create_topics({topic: options}, timeout_ms=5000, wait_for_metadata=True)
        try:
            consumer.assign([TopicPartition(topic, 0)])
            consumer.seek(TopicPartition(topic, 0), 0)
            producer.send(topic, b"ready").get(timeout=10)
            return any(consumer.poll(timeout_ms=5000).values())
        finally:
            admin.delete_topics([topic])


def wait_until_counted(numbers: set[int], address: str, seconds: float) -> None:
    """Return when the broker at this address answers, and counts these brokers among the cluster's.

    To know that one has come back, ask that one: for some seconds the others still believe in one that was killed.
    """
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with KafkaAdminClient(bootstrap_servers=address, **CONNECTION, bootstrap_timeout_ms=2000) as admin:
                brokers = admin.describe_cluster()["brokers"]
                if numbers <= {broker["broker_id"] for broker in brokers if not broker.get("is_fenced")}:
                    return
        except KafkaError:
            pass  # not yet
        time.sleep(0.05)
    wanted = ", ".join(map(str, sorted(numbers)))
    raise BrokerError(
        f"The broker at {address} didn't count broker {wanted} in within {seconds:.0f} s; start the cluster anew."
    )
