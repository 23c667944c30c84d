"""What Kafka says of copies that are moved, as the check of lab 11.5 hears it.

The answers are given, since a moving copy can't be held in mid-way; tests/labs/test_gate.py has the real ones.
"""

from __future__ import annotations

from typing import Any

import pytest
from kafka import KafkaAdminClient, TopicPartition

from learnkafka.labs.replicas import handover

HERE, ELSEWHERE = "orders", "payments"
MOVING = {TopicPartition(HERE, 0): {"adding_replicas": [3]}}


def described(topic: str, replicas: list[int], in_sync: list[int]) -> list[dict[str, Any]]:
    return [{"name": topic, "partitions": [{"replica_nodes": replicas, "isr_nodes": in_sync}]}]


class Stoppable:
    """What a cluster is to the watching of a handover."""

    def stop_broker(self, number: int) -> None: ...

    def kill_broker(self, number: int) -> None: ...


@pytest.mark.parametrize(
    ("look", "arguments", "answer", "done"),
    [
        ("list_partition_reassignments", (), {}, True),
        ("list_partition_reassignments", (), {TopicPartition(ELSEWHERE, 0): {}}, True),
        ("list_partition_reassignments", (), MOVING, False),
        ("list_partition_reassignments", ([TopicPartition(HERE, 1)],), {}, False),
        ("describe_topics", ([HERE],), described(HERE, [3, 2], [2, 3]), True),
        ("describe_topics", ([HERE],), described(HERE, [3, 2], [2]), False),
        ("describe_topics", ([HERE],), described(HERE, [3, 2, 1], [1, 2, 3]), False),
        ("describe_topics", ([ELSEWHERE],), described(ELSEWHERE, [3, 2], [2, 3]), False),
    ],
)
def test_what_was_told_last(
    monkeypatch: pytest.MonkeyPatch, look: str, arguments: tuple[Any, ...], answer: Any, done: bool
) -> None:
    """Only an answer about the whole topic, which was asked for after the moving, says that it is done."""
    monkeypatch.setattr(KafkaAdminClient, "alter_partition_reassignments", lambda *_: {})
    monkeypatch.setattr(KafkaAdminClient, look, lambda *_: answer)
    admin: Any = object.__new__(KafkaAdminClient)
    with handover(None, Stoppable(), HERE, old=1) as seen:  # type: ignore[arg-type]
        getattr(admin, look)(*arguments)
        assert not seen.told_done
        admin.alter_partition_reassignments({})
        getattr(admin, look)(*arguments)
    assert seen.told_done is done
