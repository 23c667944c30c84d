"""From the call to the first record: the embedded broker, the container, and a JVM as one would start it by hand.

All three are measured up to the same round trip: a record acknowledged and read back. They take turns, so that whatever else the machine does falls on all of them alike.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure
from learnkafka.broker import start_broker
from learnkafka.broker.distribution import class_path
from learnkafka.broker.embedded import EmbeddedServer, Node, node_settings
from learnkafka.broker.image import image_finding
from learnkafka.broker.java import checked_java
from learnkafka.broker.ports import accepts, free_ports
from learnkafka.broker.ready import wait_for_round_trip
from learnkafka.broker.settings import CLUSTER_ID, as_properties
from learnkafka.broker.training import prepare

SLACK = 60  # seconds after which a start has failed


def measure(rounds: int) -> list[Figure]:
    """Start each kind in turn, `rounds` times, after one round that isn't counted."""
    prepare()
    kinds = ["embedded", "plain JVM"] + ([] if image_finding() else ["container"])
    seconds: dict[str, list[float]] = {kind: [] for kind in kinds}
    memory: list[float] = []
    for number in range(rounds + 1):
        for kind in kinds:
            taken, used = _plain() if kind == "plain JVM" else _ours(kind)
            if number:
                seconds[kind].append(taken)
                if kind == "embedded":
                    memory.append(used)
    figures = [Figure(f"call to first record: {kind}", "s", seconds[kind]) for kind in kinds]
    for peer, bound in (("plain JVM", 0.5), ("container", 0.35)):
        if peer in kinds:
            ratios = [ours / theirs for ours, theirs in zip(seconds["embedded"], seconds[peer], strict=True)]
            figures.append(Figure(f"embedded, as a share of the {peer}", "", ratios, bound))
    figures.append(Figure("memory of the embedded broker after that", "MB", memory, 260))
    return figures


def _ours(kind: str) -> tuple[float, float]:
    began = time.perf_counter()
    broker = start_broker(kind, new=True)
    taken = time.perf_counter() - began
    server = broker._server
    used = server.memory() / 2**20 if isinstance(server, EmbeddedServer) else 0.0
    broker.stop()
    return taken, used


def _plain() -> tuple[float, float]:
    """The way of Kafka's quick start: format a directory, start a JVM with its default flags."""
    java, jars = checked_java(), ":".join(map(str, class_path()))
    with tempfile.TemporaryDirectory() as directory:
        port, controller_port = free_ports(2)
        node = Node(1, port, controller_port, Path(directory))
        node.properties.write_text(as_properties(node_settings(node, [node])), encoding="utf-8")
        format_arguments = ["format", "--cluster-id", CLUSTER_ID, "--config", str(node.properties)]
        began = time.perf_counter()
        subprocess.run(
            [java, "-cp", jars, "kafka.tools.StorageTool", *format_arguments], check=True, capture_output=True
        )
        with node.log.open("wb") as log:
            process = subprocess.Popen(
                [java, "-cp", jars, "kafka.Kafka", str(node.properties)], stdout=log, stderr=subprocess.STDOUT
            )
        try:
            while not accepts(port):
                if process.poll() is not None or time.perf_counter() - began > SLACK:
                    raise RuntimeError(node.log.read_text(encoding="utf-8"))
                time.sleep(0.01)
            wait_for_round_trip(f"localhost:{port}", {}, brokers=1, seconds=SLACK)
            return time.perf_counter() - began, 0.0
        finally:
            process.kill()
            process.wait()
