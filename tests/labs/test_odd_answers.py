"""Whatever a function returns or sends, its check answers: no error of ours, and no points."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

from learnkafka import open_lab, start_cluster
from learnkafka.labs.verdict import Outcome

if TYPE_CHECKING:
    from learnkafka.broker import Broker, Cluster

LAB_1, LAB_2 = "01-why-publish-subscribe", "02-topics"
LAB_3 = "03-producing-records"
RETURNING = [(LAB_1, 2), (LAB_1, 3), (LAB_1, 4), (LAB_2, 2), (LAB_2, 3), (LAB_2, 4)]
RETURNING += [(LAB_3, 1), (LAB_3, 2), (LAB_3, 3)]
RETURNING += [("06-offsets-and-delivery", number) for number in (1, 2, 5)]
LAB_5 = "05-consumer-groups"
RETURNING += [(LAB_5, 1), (LAB_5, 2), (LAB_5, 4), (LAB_5, 6)]
RETURNING += [("09-retention-and-compaction", number) for number in (2, 3)]
RETURNING += [("10-idempotent-replay", number) for number in (3, 4)]
SENT = [
    None,
    b"",
    b"null",
    b"7",
    b"[]",
    b"{}",
    b'"order_id"',
    b"\xff",
    b"NaN",
    b"[" * 100_000,
    b'{"order_id": [], "dollars": NaN}',
    b'{"order_id": {"order_id": 7}, "dollars": 1}',
    b'{"order_id": true, "dollars": 1}',
    b'{"order_id": "\\ud83c", "dollars": null}',
]


@pytest.fixture
def check(broker: Broker) -> Callable[..., None]:
    """`check(lab, number, function)`: it is wrong, and nothing else."""

    def wrong(name: str, number: int, attempt: Callable[..., Any]) -> None:
        score = open_lab(name, broker, seed=7).check(number, attempt)
        assert score.verdict.outcome is Outcome.WRONG, score.verdict
        assert score.points == 0

    return wrong


@pytest.mark.parametrize(("name", "number"), RETURNING)
def test_what_is_returned(name: str, number: int, odd: object, check: Callable[..., None]) -> None:
    """At once: nothing that a function could return is looked at before it is known to be of the right kind."""
    values = [None if (name, number) != (LAB_2, 4) else 0, True, float("nan"), "order", 10**5000]
    values += [odd, [odd], (odd, odd), {"order_id": odd}, [{}, {"a": []}]]
    for value in values:
        check(name, number, lambda *_, value=value: value)
    check(name, number, lambda *_: (one for one in [1, 2]))


def test_odd_values_in_the_right_places(odd: object, broker: Broker, check: Callable[..., None]) -> None:
    """Where the outer form is as it should be."""
    for value in (odd, None, [odd], [{}], [[1]], [None, "a"]):
        check(LAB_1, 3, lambda _, services, value=value: dict.fromkeys(services, value))
        check(LAB_2, 4, lambda _, order_id, value=value: (1, value))
        check(LAB_5, 2, lambda _, hands_of, value=value: dict.fromkeys(hands_of, value))
        check(LAB_2, 2, lambda *_, value=value: dict.fromkeys(open_lab(LAB_2, broker)._scene(2).orders(1)[0], value))


def test_odd_values_later(odd: object, broker: Broker, check: Callable[..., None]) -> None:
    """What comes after a first call that was right."""

    def catch_up(topic: str, group: str) -> list[Any]:
        settings = {"group_id": group, "auto_offset_reset": "earliest", "consumer_timeout_ms": 2000}
        with KafkaConsumer(topic, bootstrap_servers=broker.bootstrap_servers, **settings) as consumer:
            return [json.loads(record.value)["order_id"] for record in consumer]

    for value in (odd, [odd], [{}], "ab", None):
        calls: list[str] = []

        def late(topic: str, group: str, value: object = value, calls: list[str] = calls) -> object:
            calls.append(topic)
            return catch_up(topic, group) if len(calls) == 1 else value

        check(LAB_1, 2, late)
        assert len(calls) == 2


def test_what_is_sent(broker: Broker, check: Callable[..., None]) -> None:
    """Records hold bytes, of whatever kind."""

    def publish(topic: str, values: list[bytes | None], **settings: Any) -> None:
        with KafkaProducer(bootstrap_servers=broker.bootstrap_servers, **settings) as producer:
            for value in values:
                producer.send(topic, value, key=b"any", partition=0)

    for value in SENT:
        check(LAB_1, 1, lambda topic, _, value=value: publish(topic, [value]))
        check(LAB_1, 5, lambda _, invoices, group, value=value: publish(invoices, [value, value]))
        check(LAB_3, 1, lambda sender, topic, _, value=value: sender.send(topic, value, key=b"any").get().offset)
        check(LAB_3, 5, lambda network, topic, *_, value=value: publish(topic, [value], kafka_client=network))
    for partitions in (4, 5):

        def copy_topic(old: str, new: str, partitions: int = partitions) -> None:
            with KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers) as admin:
                admin.create_topics(
                    {new: {"num_partitions": partitions, "replication_factor": 1}}, wait_for_metadata=True
                )
            publish(new, SENT)

        check(LAB_2, 5, copy_topic)


LAB_4 = "04-keyed-partitions"


@pytest.mark.parametrize("number", [2, 3])
def test_what_is_returned_in_lab_04(number: int, odd: object, check: Callable[..., None]) -> None:
    """A partition, or a key with a number, in any other form."""
    for value in (None, True, float("nan"), "order", 10**5000, odd, [odd], (odd, odd), {}, [], (None,), ([], 1)):
        check(LAB_4, number, lambda *_, value=value: value)
    check(LAB_4, number, lambda *_: (one for one in [1, 2]))


def test_what_is_sent_in_lab_04(broker: Broker, check: Callable[..., None]) -> None:
    """Keys and values of whatever kind, in place of orders and beside them."""

    def publish(topic: str, records: list[tuple[bytes | None, bytes | None]]) -> None:
        with KafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
            for key, value in records:
                producer.send(topic, value, key)

    for value in SENT:
        check(LAB_4, 1, lambda topic, _, value=value: publish(topic, [(b"\xff", value)]))
        check(LAB_4, 4, lambda topic, *_, value=value: publish(topic, [(b"", value)]))
        check(LAB_4, 5, lambda _, new, value=value: publish(new, [(b"[]", value)]))
    for key in (None, b"", b"\xff", b"[" * 10_000):
        check(LAB_4, 1, lambda to, orders, key=key: publish(to, [(key, json.dumps(one).encode()) for one in orders]))
        check(LAB_4, 4, lambda to, orders, _, key=key: publish(to, [(key, json.dumps(one).encode()) for one in orders]))


LAB_11 = "11-replication-and-leader-election"


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Three brokers, which nothing here stops."""
    started = start_cluster(3, kind="embedded", new=True)
    yield started
    started.stop()


def test_odd_answers_in_lab_11(odd: object, cluster: Cluster) -> None:
    """Words for partitions, ids of orders that were all sent, and numbers of partitions."""
    lab = open_lab(LAB_11, cluster, seed=7)

    def book(topic: str, orders: list[Any], value: object) -> object:
        with KafkaProducer(bootstrap_servers=cluster.bootstrap_servers, acks="all") as producer:
            for order in orders:
                producer.send(topic, json.dumps(order).encode())
        return value

    def refused(number: int, attempt: Callable[..., Any]) -> None:
        verdict = lab.check(number, attempt).verdict
        assert verdict.outcome is Outcome.WRONG, verdict

    for value in (odd, {0: odd}, dict.fromkeys(range(4), odd), 10**5000):
        refused(2, lambda *_, value=value: value)
    for value in (odd, [odd], [[1], "a"], [float("nan")], [10**5000]):
        refused(4, lambda topic, orders, value=value: book(topic, orders, value))
    refused(3, lambda *_: odd)
