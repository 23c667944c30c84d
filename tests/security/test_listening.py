"""What listens, listens on the loopback interface: asked of the running processes, and tried from this machine's other addresses."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPCookieProcessor, Request, build_opener, urlopen

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

from benchmarks.jupyterlab import JupyterLab, jupyterlab
from learnkafka.broker import start_broker
from learnkafka.broker.container import ContainerServer
from learnkafka.broker.embedded import EmbeddedServer
from learnkafka.broker.ports import accepts
from learnkafka.members import start, start_member

COURSE = Path(__file__).parents[2]
ONLY_LOOPBACK = Callable[..., set[tuple[str, int]]]
MEMBER = """
from kafka import KafkaConsumer
with KafkaConsumer(topic, group_id=group, **connect) as consumer:
    for record in consumer:
        pass
"""


@pytest.mark.parametrize("brokers", [1, 3])
def test_embedded_brokers(own_tmp: Path, only_loopback: ONLY_LOOPBACK, brokers: int) -> None:
    """Each has two ports, for clients and for its controller, and the guard has none."""
    others = set(psutil.Process().children(recursive=True))  # what tests before this one share
    server = EmbeddedServer(brokers)
    try:
        ports = {port for node in server.nodes.values() for port in (node.port, node.controller_port)}
        children = set(psutil.Process().children(recursive=True)) - others
        assert len(children) > brokers  # the guard is one of them
        assert {port for _, port in only_loopback(children)} == ports
    finally:
        server.stop()


@pytest.mark.docker
@pytest.mark.parametrize("brokers", [1, 2])
def test_containers(own_tmp: Path, only_loopback: ONLY_LOOPBACK, brokers: int) -> None:
    """What Docker listens on for them, where it does that with processes of its own; from outside there is nobody."""
    server = ContainerServer(brokers)
    try:
        ports = {int(one.rpartition(":")[2]) for one in server.bootstrap_servers.split(",")}
        seen = [one for one in psutil.net_connections(kind="tcp") if one.laddr and one.laddr.port in ports]
        owners = {one.pid for one in seen if one.status == psutil.CONN_LISTEN and one.pid}
        only_loopback([psutil.Process(pid) for pid in owners if psutil.Process(pid).name() == "docker-proxy"])
        assert {one.laddr.ip for one in seen if one.status == psutil.CONN_LISTEN} <= {"127.0.0.1"}
    finally:
        server.stop()


def test_members_listen_on_nothing(
    own_tmp: Path, only_loopback: ONLY_LOOPBACK, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel and a member talk through pipes that only these two hold."""
    monkeypatch.chdir(tmp_path)
    Path("billing.py").write_text(MEMBER)
    broker = start_broker(kind="embedded", new=True)
    try:
        start_member("billing.py", broker.topic("orders"), "billing", broker=broker)
        members = [
            one for one in psutil.Process().children(recursive=True) if "learnkafka.members.run" in one.cmdline()
        ]
        assert members
        assert only_loopback(members) == set()
    finally:
        start.end_members()
        broker.stop()


@pytest.mark.timeout(300)
def test_the_services_of_lesson_01(own_tmp: Path, only_loopback: ONLY_LOOPBACK) -> None:
    """The HTTP services that call each other, and the kernel's own channels: after each cell."""
    notebook = nbformat.read(COURSE / "notebooks/01-why-publish-subscribe.ipynb", as_version=4)
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", extra_arguments=["--log-level=ERROR"])
    most = 0
    with client.setup_kernel(env=os.environ | {"LEARNKAFKA_BROKER": "embedded"}):
        kernel = psutil.Process(client.km.provisioner.pid)
        for place, cell in enumerate(notebook.cells):
            client.execute_cell(cell, place)
            own = only_loopback([kernel])
            most = max(most, len(own))
            only_loopback(kernel.children(recursive=True))
    assert most >= 5 + 2  # a kernel has five channels


@pytest.fixture
def lab(own_tmp: Path, tmp_path: Path, until: Callable[..., Any]) -> Iterator[JupyterLab]:
    """JupyterLab as `learnkafka lab` starts it, listening."""
    with jupyterlab(COURSE, tmp_path) as one:
        until(lambda: accepts(one.port))
        yield one


def asked(address: str, headers: dict[str, str], body: bytes | None = None) -> Any:
    """What JupyterLab answers: a status, headers, and JSON where it is that."""
    try:
        with urlopen(Request(address, headers=headers, data=body), timeout=20) as answer:
            return answer.status, dict(answer.headers), json.loads(answer.read() or b"null")
    except HTTPError as error:
        return error.code, dict(error.headers), None


@pytest.mark.timeout(300)
def test_jupyterlab(lab: JupyterLab, only_loopback: ONLY_LOOPBACK, until: Callable[..., Any]) -> None:
    """It and its kernels are reached from this machine only, with the token, under its own name, by its own pages."""
    process, address, token = psutil.Process(lab.process.pid), f"http://127.0.0.1:{lab.port}", lab.token
    with_token = {"Authorization": f"token {token}"}
    assert len(token) >= 32
    assert token not in " ".join(part for one in [process, *process.children(recursive=True)] for part in one.cmdline())
    assert asked(f"{address}/api/contents", {})[0] == 403
    assert asked(f"{address}/api/contents", {"Authorization": "token 0"})[0] == 403
    assert asked(f"{address}/api/contents", with_token)[0] == 200
    # Another site's page in a browser that has been here with the token: its script may not read, and starts nothing.
    cookies = HTTPCookieProcessor()
    build_opener(cookies).open(f"{address}/lab?token={token}", timeout=20).close()
    logged_in = {"Cookie": "; ".join(f"{one.name}={one.value}" for one in cookies.cookiejar)}
    assert asked(f"{address}/api/contents", logged_in)[0] == 200
    foreign = logged_in | {"Origin": "http://evil.example", "Referer": "http://evil.example/page"}
    assert "Access-Control-Allow-Origin" not in asked(f"{address}/api/contents", foreign)[1]
    assert asked(f"{address}/api/kernels", foreign, b"{}")[0] in (403, 404)
    assert asked(f"{address}/api/kernels", with_token)[2] == []
    # Another site's name that was made to point here (DNS rebinding).
    assert asked(f"{address}/api/contents", with_token | {"Host": "evil.example"})[0] == 403

    status, _, kernel = asked(f"{address}/api/kernels", with_token, b"{}")
    assert status == 201, kernel
    # Its own port, and a kernel's five.
    until(lambda: len(only_loopback([process, *process.children(recursive=True)])) >= 1 + 5, 60)


def test_nobody_is_on_a_free_port(only_loopback: ONLY_LOOPBACK) -> None:
    """The check itself: a socket that is open to all is found."""
    with socket.create_server(("0.0.0.0", 0)), pytest.raises(AssertionError):  # noqa: S104 - that is what it is for
        only_loopback([psutil.Process()])
