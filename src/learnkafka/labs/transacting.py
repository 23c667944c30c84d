"""Transactions as checks make them and look at them: a producer that dies at its commit, and what is left for those who read committed records."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from learnkafka.errors import BrokerUnreachableError
from learnkafka.labs.notes import PowerCut
from learnkafka.labs.orders import as_json
from learnkafka.labs.showing import counted, shown, shown_commits
from learnkafka.labs.verdict import Misconception, Verdict, wrong

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.purchases import Purchase

_SECONDS = 5.0


def transactional_producer(scene: Scene, name: str, dies: str = "") -> Any:
    """One that is ready to begin a transaction, when what the one before it with this name has begun or ended is written.

    `dies` is "before" or "after", and says where in its first commit. Its `open_transactions` are those begun and not ended.
    """
    producer = scene.producer(transactional_id=name)
    producer.init_transactions()
    begin, commit, abort = producer.begin_transaction, producer.commit_transaction, producer.abort_transaction
    producer.open_transactions, producer.is_dead = 0, False

    def die() -> None:
        producer.is_dead = True
        raise PowerCut("the process was killed")

    def living(call: Callable[..., Any]) -> Callable[..., Any]:
        def unless_dead(*arguments: Any, **settings: Any) -> Any:
            if producer.is_dead:
                die()
            return call(*arguments, **settings)

        return unless_dead

    def begin_and_note() -> None:
        begin()
        producer.open_transactions += 1

    def commit_and_die() -> None:
        if dies == "before":
            die()
        commit()
        producer.open_transactions -= 1
        if dies == "after":
            die()

    def abort_and_note() -> None:
        abort()
        producer.open_transactions -= 1

    producer.begin_transaction = living(begin_and_note)
    producer.commit_transaction = living(commit_and_die)
    producer.abort_transaction = living(abort_and_note)
    producer.send, producer.flush = living(producer.send), living(producer.flush)
    producer.send_offsets_to_transaction = living(_sends_offsets(producer.send_offsets_to_transaction))
    return producer


def _sends_offsets(send: Callable[..., Any]) -> Callable[..., Any]:
    """kafka-python waits for ever where an offset isn't an OffsetAndMetadata: its sender thread fails."""
    from kafka import OffsetAndMetadata

    def checked(offsets: Any, *others: Any, **more: Any) -> Any:
        for one in offsets.values() if isinstance(offsets, dict) else [offsets]:
            if not isinstance(one, OffsetAndMetadata):
                kinds = "a dictionary of TopicPartition to OffsetAndMetadata"
                raise TypeError(f"send_offsets_to_transaction takes {kinds}, and was given {shown(one)}")
        return send(offsets, *others, **more)

    return checked


def write(scene: Scene, topic: str, batches: Iterable[tuple[list[Purchase], bool]], partitions: int = 1) -> None:
    """Each batch of orders in a transaction, which is committed or aborted."""
    name = scene.broker.name(f"writer-{scene.random.getrandbits(32):08x}")
    producer = transactional_producer(scene, name)
    for orders, holds in batches:
        producer.begin_transaction()
        for place, order in enumerate(orders):
            producer.send(topic, as_json(order), partition=place % partitions)
        producer.flush()
        if holds:
            producer.commit_transaction()
        else:
            producer.abort_transaction()
    transactional_producer(scene, name)  # so that the last marker is written


def committed_values(scene: Scene, topic: str) -> list[bytes]:
    """What a reader gets who leaves out what isn't committed, of a topic with one partition."""
    from kafka import KafkaConsumer, TopicPartition

    log, found, deadline = TopicPartition(topic, 0), [], time.monotonic() + _SECONDS * scene.patience
    with KafkaConsumer(**scene.connect, isolation_level="read_committed") as consumer:
        consumer.assign([log])
        consumer.seek(log, 0)
        end = consumer.end_offsets([log])[log]
        while consumer.position(log) < end:
            if time.monotonic() > deadline:
                raise BrokerUnreachableError("The broker didn't give the records of a topic in time; check again.")
            for records in consumer.poll(timeout_ms=100).values():
                found += [record.value for record in records]
    return found


def half_done(
    scene: Scene, topic: str, group: str, invoices: str, what: str, belief: Misconception | None
) -> Verdict | None:
    """A verdict where a part of a transaction that has no good end holds nevertheless; `belief` is what whoever let the group go on believes."""
    if held := committed_values(scene, invoices):
        return wrong(what, expected="no invoice that holds", observed=f"{counted(len(held), 'invoice')} that hold")
    if committed := scene.committed(group):
        return wrong(
            f"{what} No invoice holds, but the group has gone on: they would be lost.",
            expected="nothing committed",
            observed=shown_commits(committed),
            misconception=belief,
        )
    return None
