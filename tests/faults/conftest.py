"""A lesson that is open while something goes wrong: a real kernel, in which tests type what a learner would."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import psutil
import pytest
from kafka import KafkaConsumer, TopicPartition
from nbclient.util import run_sync

from tests.left import guards, marked, runs_below

if TYPE_CHECKING:
    from nbclient import NotebookClient

BILLING = """
from kafka import KafkaConsumer
with open("invoices", "ab", buffering=0) as invoices:
    with KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **connect) as consumer:
        for record in consumer:
            invoices.write(record.value + b"\\n")
"""


@dataclass(frozen=True)
class Shown:
    """What stands below a cell that was run."""

    outputs: list[Any]

    @property
    def text(self) -> str:
        """Everything that was printed to standard output, and the plain form of what was shown."""
        printed = [one.text for one in self.outputs if one.output_type == "stream" and one.name == "stdout"]
        shown = [one.data.get("text/plain", "") for one in self.outputs if "data" in one]
        return "".join(printed + shown)

    @property
    def value(self) -> Any:
        """The cell's last line, where that is a plain Python value."""
        return ast.literal_eval(self.text)

    @property
    def error(self) -> str:
        """All that is shown of the error that the cell ended in; empty where it didn't."""
        return "\n".join(line for one in self.outputs if one.output_type == "error" for line in one.traceback)

    @property
    def stderr(self) -> str:
        """What was printed in red."""
        return "".join(one.text for one in self.outputs if one.output_type == "stream" and one.name == "stderr")


class Lesson:
    """A kernel with a temporary directory of its own, and what belongs to it, seen from outside.

    All its cells are run in the thread that opened it: its sockets belong to that thread's event loop. Where another
    thread used them, the first loop kept their numbers, and didn't listen to a later kernel's socket of the same number.
    """

    def __init__(self, client: NotebookClient, tmp: Path) -> None:
        self._client = client
        self._thread = threading.current_thread()
        self.tmp = tmp
        self.pid = int(self.run("import os; print(os.getpid())").text)

    def run(self, code: str, meanwhile: Callable[[], object] = lambda: None) -> Shown:
        """Run a cell; `meanwhile` happens in another thread."""
        assert threading.current_thread() is self._thread
        cell = nbformat.v4.new_code_cell(code)
        self._client.nb.cells.append(cell)
        problems: list[BaseException] = []

        def act() -> None:
            try:
                meanwhile()
            except BaseException as problem:  # noqa: BLE001 - raised below
                problems.append(problem)

        acting = threading.Thread(target=act)
        acting.start()
        self._client.execute_cell(cell, len(self._client.nb.cells) - 1)
        acting.join()
        if problems:
            raise problems[0]
        return Shown(cell.outputs)

    def does(self, code: str) -> Shown:
        """Run a cell that has to go well."""
        shown = self.run(code)
        assert not shown.error, shown.error
        return shown

    def brokers(self) -> list[psutil.Process]:
        """The JVMs below this temporary directory, of this lesson or another."""
        return [one for one in marked(self.tmp) if "kafka.Kafka" in one.cmdline()]

    def guards(self) -> list[psutil.Process]:
        """The guards that look after these, and after members."""
        return guards(self.tmp)

    def left(self) -> list[Any]:
        """What there is below this temporary directory: processes, guards, directories."""
        return [*marked(self.tmp), *guards(self.tmp), *runs_below(self.tmp)]

    def end(self) -> None:
        """Have the kernel end as JupyterLab does, and wait for that."""
        kernel = psutil.Process(self.pid)
        run_sync(self._client.km.shutdown_kernel)()
        psutil.wait_procs([kernel], timeout=30)


@pytest.fixture
def lesson(
    own_tmp: Path, tmp_path: Path, open_kernel: Callable[..., Any], until: Callable[..., Any]
) -> Iterator[Callable[..., Lesson]]:
    """`lesson()`: a notebook's kernel, with an embedded broker where it starts one; the keywords are its environment.

    When the kernels have ended, nothing of them is left.
    """
    with ExitStack() as stack:

        def start(**environment: str) -> Lesson:
            client = stack.enter_context(open_kernel(150, tmp_path, **{"TMPDIR": str(own_tmp)} | environment))
            return Lesson(client, own_tmp)

        yield start
    try:
        until(lambda: not (marked(own_tmp) or guards(own_tmp) or runs_below(own_tmp)), 30)
    finally:
        for process in [*guards(own_tmp), *marked(own_tmp)]:
            process.kill()


@pytest.fixture(scope="session")
def runs() -> Callable[[Path], list[Path]]:
    """`runs(tmp)`: the directories of runs below that temporary directory."""
    return runs_below


@pytest.fixture
def invoiced(tmp_path: Path) -> Callable[[], list[bytes]]:
    """`invoiced()`: the values that the members which run `billing.py` were given; the file lies beside the lesson."""
    (tmp_path / "billing.py").write_text(BILLING)
    (tmp_path / "invoices").touch()
    return lambda: (tmp_path / "invoices").read_bytes().splitlines()


def kept_in(address: str, topic: str) -> list[list[bytes]]:
    with KafkaConsumer(bootstrap_servers=address) as consumer:
        places = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
        found: dict[TopicPartition, list[bytes]] = {one: [] for one in places}
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(places)
        while any(consumer.position(one) < ends[one] for one in places):
            for one, records in consumer.poll(500).items():
                found[one] += [record.value for record in records]
    return list(found.values())


@pytest.fixture(scope="session")
def kept() -> Callable[[str, str], list[list[bytes]]]:
    """`kept(address, topic)`: the values in each partition, in order."""
    return kept_in
