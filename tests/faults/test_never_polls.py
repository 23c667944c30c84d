"""A member takes records and then never polls again, as when its work hangs; another never polls at all.

What the learner sees: the member goes on running, with heartbeats, and isn't in the group any more once
`max_poll_interval_ms` has passed; the view says so, and who has its partitions. What it had taken and not committed comes
to another member. Of the one that never polls at all, start_member() and wait_until_assigned() tell.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BEGIN = """
from kafka import KafkaProducer
from learnkafka import start_broker, start_member, views
from learnkafka.members import start
broker = start_broker()
topic = broker.topic("orders", partitions=2)
connect = {"bootstrap_servers": broker.bootstrap_servers}
with KafkaProducer(**connect) as producer:
    for number in range(100):
        producer.send(topic, b"%d" % number, partition=number % 2)
view = views.group(broker, "billing")
"""
HANGS = """
import threading
from kafka import KafkaConsumer
settings = {"auto_offset_reset": "earliest", "max_poll_interval_ms": 3000, "session_timeout_ms": 60_000}
with KafkaConsumer(topic, group_id=group, **settings, **connect) as consumer:
    for record in consumer:
        print(record.value.decode())
        threading.Event().wait()
"""
WORKS = """
from kafka import KafkaConsumer
with KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **connect) as consumer:
    for record in consumer:
        print(record.value.decode())
"""
NEVER = """
import threading
from kafka import KafkaConsumer
consumer = KafkaConsumer(topic, group_id=group, **connect)
threading.Event().wait()
"""
MEMBERS = "[(one['name'], one['state'], one['in_group']) for one in view.recorder.take().content['members']]"


@pytest.mark.soak
def test_member_that_does_not_poll_any_more(
    lesson: Callable[..., Any], until: Callable[..., Any], tmp_path: Path
) -> None:
    """It takes one record and hangs; its partitions, and that record, go to the next member."""
    (tmp_path / "hangs.py").write_text(HANGS)
    (tmp_path / "works.py").write_text(WORKS)
    learner = lesson()
    learner.does(BEGIN)
    learner.does("first = start_member('hangs.py', topic, 'billing'); first.wait_until_assigned()")
    until(lambda: learner.does("first.delivered").value > 0)
    learner.does("second = start_member('works.py', topic, 'billing')")
    until(lambda: len(set(learner.does("second.output").value.split())) == 100, 60)
    until(lambda: learner.does(MEMBERS).value == [("billing-1", "running", False), ("billing-2", "running", True)])
    shown = learner.does("view.snapshot()").text
    assert shown.startswith(
        "billing: Stable, range, 1 member (billing-2). Running, but not in the group: billing-1. "
        "Delivered more than once: billing-2 1\n"
    )
    assert shown.count("billing-2") == 2 + 2  # it has both partitions
    learner.does("first.stop()")
    assert learner.does("first.state").value == "stopped"


@pytest.mark.soak
def test_member_that_never_polls(lesson: Callable[..., Any], tmp_path: Path) -> None:
    """It makes its consumer and hangs: it isn't in the group, and what waits for that says what to look at."""
    (tmp_path / "never.py").write_text(NEVER)
    learner = lesson()
    learner.does(BEGIN)
    learner.does("start.START_SECONDS = 2")
    learner.does("member = start_member('never.py', topic, 'billing')")
    assert learner.run("member.wait_until_assigned(seconds=1)").error == (
        "MemberError: billing-1 was given no partitions within 1 s: other members may be slow to join the group anew, or "
        "never.py doesn't poll; look at its output and its events."
    )
    assert learner.does(MEMBERS).value == [("billing-1", "running", False)]
    assert learner.does("view.snapshot()").text == "billing: no members. Running, but not in the group: billing-1"
    learner.does("member.stop()")
    assert learner.does("member").text == "<member billing-1 of group billing: stopped>"
