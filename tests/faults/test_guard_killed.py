"""The guards, which end what a kernel started when the kernel is killed, are killed themselves.

What the learner sees: nothing, the lesson goes on. When the kernel ends in order, everything is gone with it. Where the
kernel is killed too, the next start clears up: tests/lifetime/test_guard.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

BEGIN = """
from kafka import KafkaProducer
from learnkafka import start_broker, start_member
broker = start_broker()
topic = broker.topic("orders")
connect = {"bootstrap_servers": broker.bootstrap_servers}
member = start_member("billing.py", topic, "billing")
"""
SEND = """
with KafkaProducer(**connect) as producer:
    for number in range(5):
        producer.send(topic, b"order %d" % number).get(timeout=20)
"""


@pytest.mark.soak
def test_guards_killed(
    lesson: Callable[..., Any], invoiced: Callable[[], list[bytes]], until: Callable[..., Any]
) -> None:
    """`kill -9` to the broker's guard and to that of the members, in mid-lesson."""
    learner = lesson()
    learner.does(BEGIN)
    guards = learner.guards()
    assert len(guards) == 2
    for one in guards:
        one.kill()
    until(lambda: not learner.guards())
    assert not learner.does(SEND).stderr
    until(lambda: invoiced() == [b"order %d" % number for number in range(5)])
    assert learner.does("broker, member").text == (
        "(<Kafka broker: running>, <member billing-1 of group billing: running>)"
    )
    learner.does("member.stop(); start_member('billing.py', topic, 'billing')")
    learner.end()
    assert learner.left() == []
