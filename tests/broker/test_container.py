"""The broker as a container, and what may go wrong while it starts."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from learnkafka.broker import container
from learnkafka.broker.container import ATTEMPTS, ContainerServer
from learnkafka.broker.ports import free_ports
from learnkafka.errors import BrokerError
from learnkafka.lifetime import LABEL_RUN

pytestmark = pytest.mark.docker


@pytest.fixture
def ours(own_tmp: Path) -> Iterator[Callable[[], list[Any]]]:
    """The containers and networks of this test's runs, as the engine lists them; none may be left at its end."""
    client = docker.from_env()

    def listed() -> list[Any]:
        everything = [
            *client.containers.list(all=True, filters={"label": LABEL_RUN}, ignore_removed=True),
            *client.networks.list(filters={"label": LABEL_RUN}),
        ]
        return [one for one in everything if _label(one).startswith(f"{own_tmp}/")]

    yield listed
    left = listed()
    for one in left:
        one.remove(**({"force": True, "v": True} if hasattr(one, "logs") else {}))
    client.close()
    assert not left


def _label(one: Any) -> str:
    labels = one.labels if hasattr(one, "labels") else one.attrs["Labels"]
    return str(labels[LABEL_RUN])


def choose_taken(patch: pytest.MonkeyPatch, taken: int, times: int) -> list[int]:
    """Have the last port chosen be the taken one so many times: as if it had been taken right after the choice."""
    chosen: list[int] = []

    def choose(count: int) -> list[int]:
        ports = free_ports(count)
        if len(chosen) < times:
            ports[-1] = taken
        chosen.append(ports[-1])
        return ports

    patch.setattr(container, "free_ports", choose)
    return chosen


@pytest.mark.parametrize("brokers", [1, 2])
def test_port_taken_after_the_choice(
    monkeypatch: pytest.MonkeyPatch, taken: int, ours: Callable[[], list[Any]], brokers: int
) -> None:
    """The second try takes other ports and works; the containers of the first are gone."""
    chosen = choose_taken(monkeypatch, taken, times=1)
    server = ContainerServer(brokers)
    try:
        assert chosen[0] == taken != chosen[1]
        assert str(taken) not in server.bootstrap_servers
        running = [one for one in ours() if hasattr(one, "logs")]
        assert [one.status for one in running] == ["running"] * brokers
    finally:
        server.stop()


def test_ports_taken_again_and_again(
    monkeypatch: pytest.MonkeyPatch, taken: int, ours: Callable[[], list[Any]]
) -> None:
    """After three tries: one error with what Docker says, and no container."""
    chosen = choose_taken(monkeypatch, taken, times=9)
    with pytest.raises(BrokerError, match=f"taken {ATTEMPTS} times in a row") as gave_up:
        ContainerServer()
    assert len(chosen) == ATTEMPTS
    assert "Docker says: " in str(gave_up.value)
    assert not ours()


def test_container_that_ends_by_itself(monkeypatch: pytest.MonkeyPatch, ours: Callable[[], list[Any]]) -> None:
    """One error with the end of its log."""
    real = container.container_environment
    none = {"KAFKA_NUM_NETWORK_THREADS": "none"}
    monkeypatch.setattr(container, "container_environment", lambda *args: real(*args) | none)
    with pytest.raises(BrokerError, match="ended by itself") as ended:
        ContainerServer()
    assert "num.network.threads" in str(ended.value)
    assert not ours()


def test_published_on_the_loopback_interface_only(ours: Callable[[], list[Any]]) -> None:
    """Nobody outside this machine can connect; every container bears our labels and no name of its own."""
    server = ContainerServer()
    try:
        (one,) = ours()
        bindings = [binding for bound in one.attrs["HostConfig"]["PortBindings"].values() for binding in bound]
        assert bindings
        assert {binding["HostIp"] for binding in bindings} == {"127.0.0.1"}
        one.reload()
        published = [port for bound in one.ports.values() for port in bound or []]
        assert {port["HostIp"] for port in published} == {"127.0.0.1"}
        assert server.bootstrap_servers == f"localhost:{published[0]['HostPort']}"
    finally:
        server.stop()


class CutEngine:
    """A socket in front of the real engine's, that goes away for good at a chosen moment."""

    def __init__(self, path: Path, engine: str, request: bytes, answered: bool) -> None:
        self.cut = threading.Event()
        self._engine, self._request, self._answered = engine, request, answered
        self._open: list[socket.socket] = []
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(16)
        self._path = path
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while not self.cut.is_set():
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self._engine)
            self._open += [client, engine]
            asked = threading.Event()
            for source, target, checks in ((client, engine, True), (engine, client, False)):
                threading.Thread(target=self._pass_on, args=(source, target, checks, asked), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, checks: bool, asked: threading.Event) -> None:
        try:
            while content := source.recv(65536):
                first_line = content.split(b"\r\n", 1)[0]
                if checks and first_line.startswith(b"POST") and self._request in first_line:
                    asked.set()
                    if not self._answered:
                        return self.close()
                target.sendall(content)
                if not checks and asked.is_set() and content.startswith(b"HTTP/1.1 20"):
                    return self.close()
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return None

    def close(self) -> None:
        """Nobody answers from now on."""
        self.cut.set()
        self._path.unlink(missing_ok=True)
        for one in [self._server, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@pytest.fixture
def engine_that_stops(own_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., CutEngine]]:
    """Puts such a socket in front of the engine."""
    path = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
    made: list[CutEngine] = []

    def make(request: bytes, answered: bool = True) -> CutEngine:
        made.append(CutEngine(own_tmp / "docker.sock", path, request, answered))
        monkeypatch.setenv("DOCKER_HOST", f"unix://{own_tmp}/docker.sock")
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("request_line", "answered"),
    [(b"/containers/create", False), (b"/containers/create", True), (b"/start", False), (b"/networks/create", True)],
    ids=["at the creation", "after the creation", "at the start", "after a network's creation"],
)
def test_docker_stops_in_mid_start(
    engine_that_stops: Callable[..., CutEngine],
    ours: Callable[[], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
    own_tmp: Path,
    request_line: bytes,
    answered: bool,
) -> None:
    """One sentence, no directory; when Docker is back, the next start removes what was left, and works."""
    engine = engine_that_stops(request_line, answered)
    with pytest.raises(BrokerError, match=r"Docker doesn't do what was asked.*docker info") as stopped:
        ContainerServer(2 if b"networks" in request_line else 1)
    assert engine.cut.is_set()
    assert "\n" not in str(stopped.value)
    assert not list(own_tmp.glob("learnkafka-*/*"))
    monkeypatch.delenv("DOCKER_HOST")
    server = ContainerServer()
    try:
        assert len(ours()) == 1
    finally:
        server.stop()


def test_docker_stops_after_the_start(
    engine_that_stops: Callable[..., CutEngine], ours: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, or a broker that is used until it can't be stopped, which is no error; the next start removes it."""
    engine = engine_that_stops(b"/start")
    try:
        server = ContainerServer()
    except BrokerError as error:
        assert "Docker doesn't do what was asked" in str(error)  # noqa: PT017 - either may be first
    else:
        assert not server.is_alive(), "nobody can tell"
        server.stop()
    assert engine.cut.is_set()
    monkeypatch.delenv("DOCKER_HOST")
    another = ContainerServer()
    try:
        assert len(ours()) == 1
    finally:
        another.stop()
