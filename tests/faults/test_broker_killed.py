"""The broker is killed in the middle of a lesson, by the system, say, since memory ran out.

What the learner sees: their own producer's error, and in one sentence of each part of the course which cell brings the
broker back. That cell works, and with it everything below it. A single broker's records go with it, and the lesson's
cells send them again; a cluster of three loses no acknowledged record (tests/broker/test_contract.py).
"""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

Kept = Callable[[str, str], list[list[bytes]]]
BEGIN = """
from kafka import KafkaProducer
from learnkafka import open_lab, start_broker, start_member, views
broker = start_broker()
topic = broker.topic("orders", partitions=2)
connect = {"bootstrap_servers": broker.bootstrap_servers}
view = views.log(broker, topic)
lab = open_lab("01-why-publish-subscribe", broker)
"""
SEND = """
sent = []
with KafkaProducer(**connect, delivery_timeout_ms=4000, request_timeout_ms=2000, linger_ms=0) as producer:
    for number in range(5000):
        producer.send(topic, b"order %d" % number).get(timeout=10)
        sent.append(b"order %d" % number)
        if number == 20:
            open("under-way", "w").close()
"""
COME_BACK = {
    "broker.topic('more')": "BrokerError: This broker is gone: something ended it from outside; start another with start_broker().",
    "start_member('billing.py', topic, 'billing')": "BrokerError: No broker runs here; start one with start_broker() first.",
}


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["embedded", pytest.param("container", marks=pytest.mark.docker)])
def test_broker_killed_in_mid_lesson(
    lesson: Callable[..., Any],
    invoiced: Callable[[], list[bytes]],
    kept: Kept,
    until: Callable[..., Any],
    tmp_path: Path,
    kind: str,
) -> None:
    """Its JVM, or its container, gets `kill -9` while a cell sends records."""
    learner = lesson(LEARNKAFKA_BROKER=kind)
    learner.does(BEGIN)
    [old] = (learner.tmp / f"learnkafka-{psutil.Process().uids().real}").iterdir()
    learner.does("member = start_member('billing.py', topic, 'invoices'); member.wait_until_assigned()")

    def kill() -> None:
        until((tmp_path / "under-way").exists)
        if kind == "embedded":
            [jvm] = learner.brokers()
            jvm.kill()
        else:
            [name] = containers(old)
            subprocess.run(["docker", "kill", name], check=True, capture_output=True)

    shown = learner.run(SEND, meanwhile=kill)
    assert "KafkaTimeoutError" in shown.error
    acknowledged = learner.does("len(sent)").value
    assert 20 <= acknowledged < 5000

    assert learner.does("broker").text == "<Kafka broker: gone>"
    for cell, sentence in COME_BACK.items():
        assert learner.run(cell).error == sentence
    assert "The broker has ended; run the cell that starts it again." in learner.does("view.snapshot()").text
    assert "run the cell that starts it again" in learner.does("lab.check(1, lambda topic, orders: None)").text

    learner.does(BEGIN)
    assert learner.does("broker").text == "<Kafka broker: running>"
    assert not old.exists()
    assert learner.does("member").text == "<member invoices-1 of group invoices: killed>"
    if kind == "container":
        assert not containers(old)
    assert learner.does("repr(view.snapshot())").value.startswith("orders: 2 partitions, 0 records")
    learner.does(SEND.replace("5000", str(acknowledged)))
    found = kept(learner.does("broker.bootstrap_servers").value, "orders")
    assert sorted(itertools.chain(*found)) == sorted(b"order %d" % number for number in range(acknowledged))


def containers(run: Path) -> list[str]:
    asked = ["docker", "ps", "--all", "--quiet", "--filter", f"label=learnkafka.run={run}"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
