"""Two JupyterLabs on one machine, of one user, started with the same command; one is killed.

What the learner sees: the second takes the next port, and has a broker of its own. When one JupyterLab is killed, its
kernel ends, and with it the broker and the members; the other goes on, with its records.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from benchmarks.jupyterlab import jupyterlab
from learnkafka.broker.ports import accepts, free_ports
from tests.left import alive

COURSE = Path(__file__).parents[2]
FIRST_LESSON = "notebooks/00-start-here.ipynb"
LIMIT = 3.0  # seconds from the death of one JupyterLab until nothing of what ran in it is left
BILLING = """
from kafka import KafkaConsumer
with KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **connect) as consumer:
    for record in consumer:
        print(record.value.decode())
"""
BEGIN = """
import os
from kafka import KafkaProducer
from learnkafka import start_broker, start_member
broker = start_broker()
topic = broker.topic("orders")
member = start_member("billing.py", topic, "billing")
producer = KafkaProducer(bootstrap_servers=broker.bootstrap_servers)
def send(value):
    producer.send(topic, value).get(timeout=20)
print(broker, os.getpid())
"""


@dataclass
class Lab:
    """A JupyterLab, and the kernel of the notebook that is open in it."""

    process: subprocess.Popen[str]
    port: int
    client: BlockingKernelClient

    def run(self, code: str) -> str:
        """What a cell prints."""
        printed: list[str] = []

        def take(message: dict[str, Any]) -> None:
            assert message["msg_type"] != "error", message["content"]
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        self.client.execute_interactive(code, timeout=60, output_hook=take)
        return "".join(printed)


def is_ready(client: BlockingKernelClient) -> bool:
    """It counts a kernel that hasn't answered yet as dead."""
    with suppress(RuntimeError):
        client.wait_for_ready(timeout=10)
        return True
    return False


@pytest.fixture
def lab(own_tmp: Path, tmp_path: Path, until: Callable[..., Any]) -> Iterator[Callable[[], Lab]]:
    """`lab()`: `learnkafka lab`, always asking for the same port, and a kernel started through it as a browser does."""
    (tmp_path / "notebooks").mkdir()
    shutil.copy(COURSE / FIRST_LESSON, tmp_path / FIRST_LESSON)
    (tmp_path / "notebooks/billing.py").write_text(BILLING)
    [port] = free_ports(1)
    stack = ExitStack()

    def start() -> Lab:
        one = stack.enter_context(
            jupyterlab(tmp_path, tmp_path / "config", port, JUPYTER_RUNTIME_DIR=str(tmp_path / "runtime"))
        )
        until(lambda: accepts(one.port))
        asked = urllib.request.Request(
            f"http://127.0.0.1:{one.port}/api/kernels?token={one.token}",
            data=json.dumps({"name": "python3", "path": FIRST_LESSON}).encode(),
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            kernel = json.load(answer)["id"]
        client = BlockingKernelClient(connection_file=str(tmp_path / f"runtime/kernel-{kernel}.json"))
        client.load_connection_file()
        client.start_channels()
        stack.callback(client.stop_channels)
        until(lambda: is_ready(client), 60)
        return Lab(one.process, one.port, client)

    with stack:
        yield start


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_two_labs_and_one_is_killed(
    lab: Callable[[], Lab],
    own_tmp: Path,
    runs: Callable[[Path], list[Path]],
    processes: Any,
    until: Callable[..., Any],
) -> None:
    """`kill -9` to the first JupyterLab; 3 s later only the second one's broker and member are there."""
    first, second = lab(), lab()
    assert second.port == first.port + 1
    of_first = first.run(BEGIN)
    before = {*runs(own_tmp), *processes(own_tmp)}
    assert len(before) == 2 + 2  # a broker and a member, each with its run
    assert second.run(BEGIN).startswith("<Kafka broker: running>")
    second.run("for number in range(10): send(b'before %d' % number)")
    kernel = psutil.Process(int(of_first.split()[-1]))

    first.process.kill()
    until(lambda: not alive(kernel) and before.isdisjoint({*runs(own_tmp), *processes(own_tmp)}), LIMIT)

    second.run("for number in range(10): send(b'after %d' % number)")
    expected = [f"{when} {number}" for when in ("before", "after") for number in range(10)]
    until(lambda: second.run("print(member.output, end='')").split("\n")[:-1] == expected)
    assert second.run("print(broker, member)") == (
        "<Kafka broker: running> <member billing-1 of group billing: running>\n"
    )
