"""Everything stands still for 60 s and goes on, as on a laptop that sleeps: kernel, broker, guards, members.

What the learner sees: nothing has ended. The cell that was sending goes on sending, members join again, views are live.
Each record is there once, the group has missed none, and nobody has cleared up what only slept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

Values = Callable[[], list[bytes]]
Kept = Callable[[str, str], list[list[bytes]]]
ASLEEP_SECONDS = 60
BEGIN = """
from pathlib import Path
from kafka import KafkaProducer
from learnkafka import start_broker, start_member, views
broker = start_broker()
topic = broker.topic("orders", partitions=2)
connect = {"bootstrap_servers": broker.bootstrap_servers}
members = [start_member("billing.py", topic, "billing") for _ in range(2)]
for member in members:
    member.wait_until_assigned()
"""
SHOW = "log, group = views.log(broker, topic), views.group(broker, 'billing'); display(log, group)"
SEND = """
sent = []
with KafkaProducer(**connect) as producer:
    while not Path("enough").exists():
        value = b"%d" % len(sent)
        producer.send(topic, value, partition=len(sent) % 2).get(timeout=120)
        sent.append(value)
        Path("under-way").touch()
"""


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_everything_sleeps_for_60_s(
    lesson: Callable[..., Any], invoiced: Values, kept: Kept, until: Callable[..., Any], tmp_path: Path
) -> None:
    """SIGSTOP to all of it, and after 60 s SIGCONT; meanwhile another lesson starts, which sweeps what is left over."""
    learner = lesson()
    learner.does(BEGIN)
    learner.does(SHOW)
    belongings = learner.left()
    processes = [psutil.Process(learner.pid), *(one for one in belongings if isinstance(one, psutil.Process))]
    assert len(processes) == 1 + 1 + 2 + 2  # the kernel, the broker, two members, a guard for either run

    def sleep() -> None:
        until((tmp_path / "under-way").exists)
        for one in processes:
            one.suspend()
        until(lambda: all(one.status() == psutil.STATUS_STOPPED for one in processes))
        awake = time.monotonic() + ASLEEP_SECONDS
        neighbour = lesson()
        assert neighbour.does("from learnkafka import start_broker; start_broker()").text == "<Kafka broker: running>"
        assert not [one for one in belongings if isinstance(one, Path) and not one.exists()]
        neighbour.end()
        time.sleep(max(0, awake - time.monotonic()))
        assert all(one.status() == psutil.STATUS_STOPPED for one in processes)
        for one in processes:
            one.resume()
        before = len(invoiced())
        until(lambda: len(invoiced()) > before, 60)
        (tmp_path / "enough").touch()

    shown = learner.run(SEND, meanwhile=sleep)
    assert not shown.error
    sent = learner.does("sent").value
    assert kept(learner.does("broker.bootstrap_servers").value, "orders") == [sent[0::2], sent[1::2]]
    until(lambda: set(invoiced()) == set(sent), 60)
    until(lambda: learner.does("sorted(len(member.assignment) for member in members)").value == [1, 1], 60)
    until(lambda: learner.does("log.recorder.newest.state, group.recorder.newest.state").value == ("live", "live"), 60)
    assert learner.does("broker, members").text == (
        "(<Kafka broker: running>,\n [<member billing-1 of group billing: running>,\n"
        "  <member billing-2 of group billing: running>])"
    )
    assert set(processes[1:]) <= set(learner.left())
