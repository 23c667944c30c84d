"""The broker stands still for 10 s, as when its machine is out of breath, in the middle of a lesson.

What the learner sees: the cell that sends takes so much longer, and views say for as long that the broker doesn't answer.
Then everything goes on by itself: no cell is run again, each record is there once, and the group misses none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Values = Callable[[], list[bytes]]
Kept = Callable[[str, str], list[list[bytes]]]
PAUSE_SECONDS = 10
BEGIN = """
from pathlib import Path
from kafka import KafkaProducer
from learnkafka import start_broker, start_member, views
broker = start_broker()
topic = broker.topic("orders")
connect = {"bootstrap_servers": broker.bootstrap_servers}
member = start_member("billing.py", topic, "billing")
member.wait_until_assigned()
"""
SEND = """
sent = []
with KafkaProducer(**connect) as producer:
    while not Path("enough").exists():
        value = b"order %d" % len(sent)
        producer.send(topic, value).get(timeout=120)
        sent.append(value)
        Path("under-way").touch()
"""


@pytest.mark.soak
def test_broker_paused_for_10_s(
    lesson: Callable[..., Any], invoiced: Values, kept: Kept, until: Callable[..., Any], tmp_path: Path
) -> None:
    """SIGSTOP to its JVM while a cell sends and a member reads; after 10 s SIGCONT."""
    learner = lesson()
    learner.does(BEGIN)
    learner.does("view = views.log(broker, topic); view")
    [jvm] = learner.brokers()

    def pause() -> None:
        until((tmp_path / "under-way").exists)
        jvm.suspend()
        time.sleep(PAUSE_SECONDS)
        jvm.resume()
        before = len(invoiced())
        until(lambda: len(invoiced()) > before, 60)
        (tmp_path / "enough").touch()

    shown = learner.run(SEND, meanwhile=pause)
    assert not shown.error
    sent = learner.does("sent").value
    assert kept(learner.does("broker.bootstrap_servers").value, "orders") == [sent]
    until(lambda: set(invoiced()) == set(sent), 60)
    until(lambda: learner.does("view.recorder.newest.state").value == "live")
    said = learner.does("[frame.said for frame in view.recorder.frames if frame.state != 'live']").value
    assert said
    for one in said:
        assert one.startswith("The broker didn't answer within 5 s")
        assert one.endswith("if it doesn't come back, run the cell that starts it again.")
    assert learner.does("broker, member").text == (
        "(<Kafka broker: running>, <member billing-1 of group billing: running>)"
    )
