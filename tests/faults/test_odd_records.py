"""Keys and values hold anything: markup, quotes, emoji, text from right to left, half a surrogate pair, 1 MB.

What the learner sees: a short text for each, in which nothing runs and nothing is invisible; in views, tables and cards
alike. Every byte arrives as it was sent. What a browser makes of it: tests/browser/test_odd_records.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BEGIN = """
from pathlib import Path
from kafka import KafkaConsumer, KafkaProducer
from learnkafka import open_lab, start_broker, start_member, views
broker = start_broker()
topic = broker.topic("orders", max_message_bytes=3_000_000)
connect = {"bootstrap_servers": broker.bootstrap_servers}
member = start_member("billing.py", topic, "billing")
with KafkaProducer(**connect, max_request_size=3_000_000) as producer:
    for one in odd:
        producer.send(topic, one, key=one).get(timeout=20)
        producer.send(topic, None, key=one).get(timeout=20)
sent = [part for one in odd for part in (one, one, one, None)]
"""
BILLING = """
import json
from kafka import KafkaConsumer
with open("invoices", "a", buffering=1) as invoices:
    with KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **connect) as consumer:
        for record in consumer:
            for part in (record.key, record.value):
                invoices.write(f"{part!r}\\n")
            print(record.key)
"""
INVOICED = "Path('invoices').read_text() == ''.join(f'{part!r}\\n' for part in sent)"
CARDS = """
lab = open_lab("01-why-publish-subscribe", broker)
def publish(topic, orders):
    print(odd[0])
    with KafkaProducer(**connect, max_request_size=3_000_000) as producer:
        for one in odd:
            producer.send(topic, one, key=one)
def catch_up(topic, group):
    return [one.decode(errors="surrogateescape") for one in odd]
def bill_all(topic, group):
    raise ValueError(odd[1].decode())
[lab.check(1, publish), lab.check(2, catch_up), lab.check(2, bill_all)]
"""


@pytest.mark.soak
def test_odd_keys_and_values(
    lesson: Callable[..., Any], odd_records: str, until: Callable[..., Any], tmp_path: Path
) -> None:
    """Sent, read by a member, and shown in every form that needs no browser."""
    (tmp_path / "billing.py").write_text(BILLING)
    learner = lesson()
    learner.does(odd_records)
    learner.does(BEGIN)
    until(lambda: learner.does(INVOICED).value)
    assert learner.does("len(member.output) > 0, member.delivered == len(odd) * 2").value == (True, True)
    learner.does("log, group = views.log(broker, topic, group='billing'), views.group(broker, 'billing')")
    shown = [learner.does(one) for one in ("log", "group", "log.snapshot()", "group.snapshot()", CARDS)]
    for one in shown:
        assert not one.stderr
        pages = [output.data["text/html"] for output in one.outputs if "text/html" in output.get("data", {})]
        assert pages
        for page in pages:
            assert not [tag for tag in ("<script", "<img", "<svg") if tag in page]
            assert len(page.encode()) < 20_000
    until(lambda: learner.does("log.recorder.newest is not None and log.recorder.newest.state").value == "live")
    assert learner.does("len(repr(log.recorder.newest.content)) < 30_000").value is True
