"""What a slow machine does to kafka-python: its two threads are held up where they may be, in front of a real broker."""

from __future__ import annotations

import gc
import threading
import time
from typing import Any

import psutil
import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.cluster import ClusterMetadata
from kafka.coordinator.consumer import ConsumerCoordinator
from kafka.net.compat import KafkaNetClient
from kafka.net.transport import KafkaTCPTransport

from learnkafka.broker.mending import mend_kafka_python


def test_starting_a_broker_mends(broker: Any) -> None:
    """And once only."""
    mended = ClusterMetadata._do_refresh_metadata
    assert not hasattr(mended.__wrapped__, "__wrapped__")
    mend_kafka_python()
    assert ClusterMetadata._do_refresh_metadata is mended


@pytest.mark.parametrize("mended", [True, False])
def test_topics_that_are_named_while_an_answer_comes(
    broker: Any, monkeypatch: pytest.MonkeyPatch, mended: bool
) -> None:
    """They are asked for; without the mend they aren't: when that case comes to pass, this module can go."""
    topic = broker.topic("orders")
    with KafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
        producer.send(topic, b"bread").get(timeout=20)
    answered, named = threading.Event(), threading.Event()
    update_metadata, set_topics = ClusterMetadata.update_metadata, ClusterMetadata.set_topics

    def held_up_answer(cluster: Any, metadata: Any) -> None:
        if cluster.brokers() and not answered.is_set():  # the second: the first one is the connection's own
            answered.set()
            assert named.wait(20)
        update_metadata(cluster, metadata)

    def held_up_naming(cluster: Any, topics: Any) -> Any:
        assert answered.wait(20)
        try:
            return set_topics(cluster, topics)
        finally:
            named.set()

    monkeypatch.setattr(ClusterMetadata, "update_metadata", held_up_answer)
    monkeypatch.setattr(ClusterMetadata, "set_topics", held_up_naming)
    if not mended:
        monkeypatch.setattr(ClusterMetadata, "_do_refresh_metadata", ClusterMetadata._do_refresh_metadata.__wrapped__)
    with KafkaConsumer(
        topic,
        bootstrap_servers=broker.bootstrap_servers,
        auto_offset_reset="earliest",
        consumer_timeout_ms=20_000 if mended else 3_000,
    ) as consumer:
        assert getattr(next(consumer, None), "value", None) == (b"bread" if mended else None)


def test_a_join_between_two_polls(broker: Any) -> None:
    """Each group's first consumer gets its partitions, also where it is asked in haste; unmended, 131 of 150 didn't."""
    topic = broker.topic("orders", partitions=2)
    for number in range(10):
        with KafkaConsumer(
            topic, bootstrap_servers=broker.bootstrap_servers, group_id=broker.name(f"hasty-{number}")
        ) as consumer:
            deadline = time.monotonic() + 20
            while not consumer.assignment():
                assert time.monotonic() < deadline, f"group {number} waits"
                consumer.poll(timeout_ms=5)


@pytest.mark.parametrize("mended", [True, False])
def test_an_answer_between_two_polls(broker: Any, monkeypatch: pytest.MonkeyPatch, until: Any, mended: bool) -> None:
    """It is taken by the next poll; without the mend the group rebalances once more for nothing."""
    if not mended:
        monkeypatch.setattr(ConsumerCoordinator, "join_group_async", ConsumerCoordinator.join_group_async.__wrapped__)
    with KafkaConsumer(
        broker.topic("orders"), bootstrap_servers=broker.bootstrap_servers, group_id=broker.name(f"answered-{mended}")
    ) as consumer:
        coordinator = consumer._coordinator

        def joined() -> bool:
            """Asked no more once the answer is there; the first is only the member's id."""
            if coordinator._join_task is None or coordinator._join_task.failed():
                consumer.poll(timeout_ms=0)
            return coordinator._join_task is not None and coordinator._join_task.succeeded()

        until(joined)
        answered = coordinator._generation.generation_id
        until(lambda: consumer.poll(timeout_ms=1000) or consumer.assignment())
        joined_anew = coordinator._generation.generation_id - answered
        assert joined_anew == 0 if mended else joined_anew >= 1


def test_two_in_haste(broker: Any, until: Any) -> None:
    """Each gets its share; unmended, they asked each other to join anew for as long as they were watched."""
    settings = {"bootstrap_servers": broker.bootstrap_servers, "group_id": broker.name("two-in-haste")}
    topic = broker.topic("orders", partitions=2)
    with KafkaConsumer(topic, **settings) as ada, KafkaConsumer(topic, **settings) as grace:

        def settled() -> bool:
            for one in (ada, grace):
                one.poll(timeout_ms=5)
            return len(ada.assignment()) == len(grace.assignment()) == 1

        until(settled)


@pytest.mark.parametrize("mended", [True, False])
def test_closing_while_something_is_to_be_written(broker: Any, monkeypatch: pytest.MonkeyPatch, mended: bool) -> None:
    """The connection ends with the client; without the mend it waits for the garbage collector."""
    if not mended:
        monkeypatch.setattr(KafkaTCPTransport, "_write_to_sock", KafkaTCPTransport._write_to_sock.__wrapped__)
    client = KafkaNetClient(bootstrap_servers=broker.bootstrap_servers)
    client.check_version()
    [node] = [one.node_id for one in client.cluster.brokers()]
    client.await_ready(node)
    transport = client._manager._conns[node].transport
    place = transport._sock.getsockname()
    gc.disable()
    try:
        transport.write(b"a request")
        transport.close()
        client._net.close()
        connections = psutil.Process().net_connections(kind="tcp")
        assert bool([one for one in connections if one.laddr == place]) is not mended
    finally:
        gc.enable()
