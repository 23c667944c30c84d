"""The disk gets full while a lesson sends records: other programs have taken the room.

What the learner sees: their own producer's error, and from the course that the broker found the disk full, and what to
do. When there is room again, the broker that is started with its data has every record that it acknowledged; and
start_broker() starts an empty one, without what was left of the old.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BEGIN = """
from kafka import KafkaProducer
from learnkafka import start_broker, start_cluster, views
broker = start_cluster(1)
topic = broker.topic("orders")
connect = {"bootstrap_servers": broker.bootstrap_servers}
"""
SEND = """
import os
sent = []
with KafkaProducer(**connect, delivery_timeout_ms=4000, request_timeout_ms=2000, linger_ms=0) as producer:
    while len(sent) < 2000:
        value = os.urandom(100_000)
        producer.send(topic, value).get(timeout=20)
        sent.append(value)
"""


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_disk_full_while_producing(
    lesson: Callable[..., Any],
    tmpfs: Callable[[str], Path],
    runs: Callable[[Path], list[Path]],
    kept: Callable[[str, str], list[list[bytes]]],
    until: Callable[..., Any],
) -> None:
    """The last of a small disk's room goes while a cell sends; then room is made."""
    disk = tmpfs("size=136m")
    learner = lesson(TMPDIR=str(disk))
    learner.does(BEGIN)
    film = disk / "film.mp4"
    film.write_bytes(bytes(80 * 2**20))
    shown = learner.run(SEND)
    assert "KafkaTimeoutError" in shown.error
    acknowledged = learner.does("len(sent)").value
    assert 50 < acknowledged < 2000
    until(lambda: learner.does("broker").text == "<Kafka cluster of 1 brokers: gone>", 60)
    assert learner.run("broker.topic('more')").error == (
        "BrokerError: This broker is gone: it found the disk full; free some room, or set TMPDIR to a directory on "
        "another disk; start another with start_cluster()."
    )
    said = learner.does("views.log(broker, topic).snapshot()").text
    assert said == "The broker has ended; run the cell that starts it again."
    sentence, _, _ = learner.run("broker.start_broker(1)").error.partition("Its log ends:")
    assert sentence == (
        "BrokerError: The broker found the disk full: free some room, or set TMPDIR to a directory on another disk. "
    )

    film.unlink()
    learner.does("broker.start_broker(1)")
    sent = learner.does("import hashlib; [hashlib.sha256(value).digest() for value in sent]").value
    [found] = kept(learner.does("broker.bootstrap_servers").value, "orders")
    assert [one for one in (hashlib.sha256(value).digest() for value in found) if one in set(sent)] == sent
    [old] = runs(disk)
    learner.does("broker.stop(); start_broker().topic('orders')")
    assert not old.exists()
    learner.end()
    assert not runs(disk)
