"""The line to a cluster elsewhere is slow and breaks: an answer takes 0.2 s longer, and 5 % of what is sent ends in a reset.

What the learner sees: everything takes longer, and nothing else. An idempotent producer (kafka-python's default) sends
again what wasn't acknowledged, and the broker keeps it once; a group gets each record at least once.
"""

from __future__ import annotations

import queue
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

import pytest
from kafka import KafkaAdminClient

from learnkafka.broker.embedded import EmbeddedServer

LATE_SECONDS = 0.1  # there, and back
RESETS = 0.05
CHUNK = 65_536

BEGIN = """
from kafka import KafkaProducer
from learnkafka import start_broker, start_member, views
broker = start_broker()
topic = broker.topic("orders", partitions=2)
connect = {"bootstrap_servers": broker.bootstrap_servers}
member = start_member("billing.py", topic, broker.name("billing"))
"""
SEND = """
sent, answers = [], []
with KafkaProducer(**connect, acks="all", enable_idempotence=True) as producer:
    for number in range(300):
        sent.append(b"%d" % number)
        answers.append(producer.send(topic, sent[-1], partition=number % 2))
        if number % 25 == 24:
            producer.flush()
    acknowledged = [answer.get(timeout=60) for answer in answers]
len(acknowledged)
"""


class PoorLine:
    """A TCP proxy: each piece arrives so many seconds late; at the given rate of pieces the connection is reset instead.

    The dice are seeded, so that the pieces at which it is cut are the same every time.
    """

    def __init__(self) -> None:
        self.target = 0  # the broker's port
        self.cuts = 0
        self.get_poor(0, 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()

    def get_poor(self, seconds: float, resets: float) -> None:
        """From now on; it begins as a good line."""
        self._seconds, self._resets, self._random = seconds, resets, Random(1)  # noqa: S311 - the same dice every time

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            _cut(one)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    broker = socket.create_connection(("127.0.0.1", self.target))
                except OSError:
                    client.close()
                    continue
                self._open += [client, broker]
                for source, sink in ((client, broker), (broker, client)):
                    pieces: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
                    threading.Thread(target=self._take, args=(source, pieces), daemon=True).start()
                    threading.Thread(target=self._give, args=(sink, source, pieces), daemon=True).start()

    def _take(self, source: socket.socket, pieces: queue.SimpleQueue[tuple[float, bytes]]) -> None:
        piece = b"?"
        while piece:
            try:
                piece = source.recv(CHUNK)
            except OSError:
                piece = b""
            pieces.put((time.monotonic() + self._seconds, piece))

    def _give(self, sink: socket.socket, source: socket.socket, pieces: queue.SimpleQueue[tuple[float, bytes]]) -> None:
        with suppress(OSError):
            while True:
                due, piece = pieces.get()
                time.sleep(max(0.0, due - time.monotonic()))
                if not piece or self._is_cut():
                    break
                sink.sendall(piece)
        _cut(sink)
        _cut(source)

    def _is_cut(self) -> bool:
        with self._lock:
            cut = self._random.random() < self._resets
            self.cuts += cut
            return cut


def _cut(one: socket.socket) -> None:
    """Reset: whoever reads at the other end gets ECONNRESET."""
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RD)  # wakes the thread that waits for it here
    one.close()


@pytest.fixture
def poor_line(lesson: Callable[..., Any]) -> Iterator[tuple[PoorLine, EmbeddedServer]]:
    """The line, and the cluster behind it, which says that it is to be reached through the line."""

    def through(node: Any) -> dict[str, str]:
        line.target = node.port
        return {"advertised.listeners": f"PLAINTEXT://localhost:{line.port}"}

    line = PoorLine()
    with line:
        server = EmbeddedServer(adjust=through)
        try:
            yield line, server
        finally:
            server.stop()


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_poor_line(
    lesson: Callable[..., Any],
    poor_line: tuple[PoorLine, EmbeddedServer],
    invoiced: Callable[[], list[bytes]],
    kept: Callable[[str, str], list[list[bytes]]],
    until: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """A lesson from its first cell to its last through such a line."""
    line, server = poor_line
    line.get_poor(LATE_SECONDS, RESETS)
    learner = lesson(
        KAFKA_BOOTSTRAP_SERVERS=f"localhost:{line.port}",
        LEARNKAFKA_PREFIX="ada-",
        XDG_STATE_HOME=str(tmp_path / "state"),
    )
    learner.does(BEGIN)
    assert learner.does(SEND).value == 300
    until(lambda: set(invoiced()) == {b"%d" % number for number in range(300)}, 60)
    # A look takes 5 s at most, which such a line doesn't always keep.
    until(lambda: "300 records" in learner.does("views.log(broker, topic).snapshot()").text, 60)
    learner.does("member.stop()")
    assert line.cuts >= 3
    line.get_poor(0, 0)
    assert kept(server.bootstrap_servers, "ada-orders") == [
        [b"%d" % number for number in range(start, 300, 2)] for start in (0, 1)
    ]
    line.get_poor(LATE_SECONDS, RESETS)
    learner.does("broker.stop()")
    line.get_poor(0, 0)
    with KafkaAdminClient(bootstrap_servers=server.bootstrap_servers) as admin:
        assert not [name for name in admin.list_topics() if name.startswith("ada-")]
        assert not admin.list_groups()
