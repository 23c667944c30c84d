"""What the reports cost a consumer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from learnkafka.members import Assigned

if TYPE_CHECKING:
    from learnkafka.broker import Broker
    from learnkafka.members import Member

RECORDS = 100_000
CODE = """
import time
from kafka import KafkaConsumer
with KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **connect) as consumer:
    for number, record in enumerate(consumer, 1):
        if number == 1:
            began = time.perf_counter()
        if number == records:
            break
print(time.perf_counter() - began)
"""
PLAIN = "import json, runpy, sys; runpy.run_path(sys.argv[1], json.loads(sys.argv[2]), '__main__')"


@pytest.mark.alone
@pytest.mark.timeout(300)
def test_many_records(
    member: Callable[..., Member],
    broker: Broker,
    topic: str,
    producer: Any,
    until: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """100,000 records through a member, against the same file in a process without reports."""
    for number in range(RECORDS):
        producer.send(topic, b"x" * 100, key=b"customer-%d" % (number % 50))
    producer.flush()
    one = member(CODE, records=RECORDS)
    until(lambda: not one.is_running, 120)
    given = {
        "topic": topic,
        "group": "plain",
        "records": RECORDS,
        "connect": {"bootstrap_servers": broker.bootstrap_servers},
    }
    done = subprocess.run(
        [sys.executable, "-P", "-c", PLAIN, "billing.py", json.dumps(given)], capture_output=True, text=True, check=True
    )
    reported, plain = float(one.output), float(done.stdout)
    with capsys.disabled():
        print(  # noqa: T201
            f"\n{RECORDS:,} records: plain {plain:.2f} s, as a member {reported:.2f} s ({reported / plain:.2f} times), "
            f"{len(one.events):,} events",
            end=" ",
        )
    assert one.delivered == RECORDS
    assert isinstance(one.events[0], Assigned), "the rebalances are kept"
    assert len(one.events) <= 50_000
    assert reported < 4 * plain
