"""What views cost the kernel's process while records come in: of topics of several sizes, and with five groups.

The cost is what the view's own threads use (the recorder's and its clients'), not what sends the records; the memory is
what the frames, the windows and the clients hold after a while.
"""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from benchmarks.figures import Figure
from learnkafka.broker import Broker, start_broker
from learnkafka.views import group as group_view
from learnkafka.views import log

PARTITIONS = (10, 100, 1000)
PARTITIONS_OF_GROUPS, GROUPS = 100, 5
SETTLE_SECONDS = 3.0
SECONDS = 12.0  # three looks of a view that looks each four seconds
RECORDS_A_SECOND = 100
CPU_BOUND = {100: 10.0}  # percent of one core
MEMORY_BOUND = {100: 20.0}  # MB


def measure(rounds: int) -> list[Figure]:
    """CPU, memory and frames a second; each round on a new view of the same topic."""
    figures = []
    broker = start_broker(kind="embedded", new=True)
    try:
        for count in PARTITIONS:
            topic = _topic(broker, count)
            samples = [_cost(broker, topic) for _ in range(rounds)]
            cpu, memory, rate = (list(column) for column in zip(*samples, strict=True))
            name = f"log view of {count:,} partitions"
            figures += [
                Figure(f"{name}, CPU", "% of a core", cpu, CPU_BOUND.get(count)),
                Figure(f"{name}, memory", "MB", memory, MEMORY_BOUND.get(count)),
                Figure(f"{name}, frames a second", "", rate, 10.5),
            ]
            if count == PARTITIONS_OF_GROUPS:
                cpu, memory, rate = (
                    list(column) for column in zip(*[_cost(broker, topic, GROUPS) for _ in range(rounds)], strict=True)
                )
                name += f" and {GROUPS} group views"
                figures += [
                    Figure(f"{name}, CPU", "% of a core", cpu, CPU_BOUND[count]),
                    Figure(f"{name}, memory", "MB", memory, MEMORY_BOUND[count]),
                    Figure(f"{name}, the log's frames a second", "", rate, 10.5),
                ]
    finally:
        broker.stop()
    return figures


def _topic(broker: Broker, count: int) -> str:
    """A topic in which several groups have committed offsets for all partitions."""
    topic = broker.topic(f"wide-{count}", partitions=count)
    for number in range(GROUPS):
        with KafkaConsumer(
            bootstrap_servers=broker.bootstrap_servers, group_id=f"{topic}-group-{number}", enable_auto_commit=False
        ) as one:
            partitions = [TopicPartition(topic, number) for number in range(count)]
            one.assign(partitions)
            for partition in partitions:
                one.seek(partition, 0)
            one.commit()
    return topic


def _views(broker: Broker, topic: str, groups: int) -> list[Any]:
    """A view of the log with one group, and so many of groups."""
    return [
        log(broker, topic, group=f"{topic}-group-0"),
        *(group_view(broker, f"{topic}-group-{number}") for number in range(groups)),
    ]


@contextmanager
def _shown(broker: Broker, topic: str, groups: int) -> Iterator[Any]:
    """The view of the log, while that and the others look and records come in."""
    stop = threading.Event()
    sending = threading.Thread(target=_send, args=[broker, topic, stop])
    sending.start()
    views = _views(broker, topic, groups)
    try:
        for view in views:
            view.recorder.start()
        yield views[0]
    finally:
        for view in views:
            view.close()
        stop.set()
        sending.join()


def _cost(broker: Broker, topic: str, groups: int = 0) -> tuple[float, float, float]:
    """Percent of a core, megabytes that Python has allocated for it, and frames a second."""
    with _shown(broker, topic, groups) as view:
        time.sleep(SETTLE_SECONDS)
        frames, used, began = view.frame.get("seq", 0), _used(), time.monotonic()
        time.sleep(SECONDS)
        taken = time.monotonic() - began
        cpu, rate = (_used() - used) / taken, (view.frame.get("seq", 0) - frames) / taken
    return 100 * cpu, _memory(broker, topic, groups), rate


def _memory(broker: Broker, topic: str, groups: int) -> float:
    """Apart from the timing, which the counting would slow."""
    gc.collect()
    tracemalloc.start()
    try:
        with _shown(broker, topic, groups):
            time.sleep(SETTLE_SECONDS + SECONDS)
            gc.collect()
            ours = tracemalloc.take_snapshot().filter_traces(
                [tracemalloc.Filter(True, f"*/{part}/*") for part in ("observe", "views", "kafka")]
            )
            return sum(one.size for one in ours.statistics("filename")) / 2**20
    finally:
        tracemalloc.stop()


def _send(broker: Broker, topic: str, stop: threading.Event) -> None:
    with KafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
        number = 0
        while not stop.wait(1 / RECORDS_A_SECOND):
            producer.send(topic, b"%d" % number * 10, key=b"customer-%d" % (number % 500))
            number += 1


def _used() -> float:
    """Seconds of a core that the view's threads have used (Linux tells)."""
    tasks = (one.native_id for one in threading.enumerate() if "learnkafka-view" in one.name)
    return sum(
        int(Path(f"/proc/self/task/{task}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9 for task in tasks
    )
