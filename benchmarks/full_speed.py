"""What a log view costs a producer at full speed, and whether the view keeps its rate then.

Kafka's own producer-perf tool sends as fast as it can, in pairs: with a view of the topic and without one, in turns, so
that what else the machine does falls on both.
"""

from __future__ import annotations

import re
from typing import Any

from benchmarks.figures import Figure
from learnkafka.broker import Broker, start_broker
from learnkafka.views import log

RECORDS = 1_000_000
RECORD_BYTES = 100
PAIRS = 5
LOST_BOUND = 5.0  # percent
RATE_BOUND = 10.5  # frames a second
_RATE = re.compile(r"([\d.]+) records/sec \(")


def measure(rounds: int) -> list[Figure]:
    """Records a second with a view, as a share of those without; at least five pairs, whatever `rounds` says."""
    broker = start_broker(kind="embedded", new=True)
    try:
        topic = broker.topic("full-speed", partitions=6)
        _send(broker, topic)  # the broker's own code gets quick at first
        pairs = []
        for number in range(max(PAIRS, rounds)):
            with_first = number % 2 == 0
            first = _with_view(broker, topic) if with_first else (_send(broker, topic), 0.0)
            second = (_send(broker, topic), 0.0) if with_first else _with_view(broker, topic)
            (seen, frames), (unseen, _) = (first, second) if with_first else (second, first)
            pairs.append((seen, unseen, frames))
    finally:
        broker.stop()
    lost = [100 * (1 - seen / unseen) for seen, unseen, _ in pairs]
    return [
        Figure("producer-perf without a view", "records/s", [unseen for _, unseen, _ in pairs]),
        Figure("producer-perf with a view of its topic", "records/s", [seen for seen, _, _ in pairs]),
        Figure("what the view takes from it", "%", lost, LOST_BOUND),
        Figure("frames a second meanwhile", "", [frames for _, _, frames in pairs], RATE_BOUND),
    ]


def _with_view(broker: Broker, topic: str) -> tuple[float, float]:
    view: Any = log(broker, topic)
    try:
        view.recorder.start()
        before = view.recorder.take()
        rate = _send(broker, topic)
        last = view.recorder.newest
        return rate, (last.seq - before.seq) / (last.time - before.time)
    finally:
        view.close()


def _send(broker: Broker, topic: str) -> float:
    said = broker.tool(
        "kafka-producer-perf-test.sh",
        "--topic", topic, "--num-records", str(RECORDS), "--record-size", str(RECORD_BYTES), "--throughput", "-1",
    )  # fmt: skip
    return float(_RATE.findall(said)[-1])
