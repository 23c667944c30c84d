"""What all tests share: which parts of a machine they need, and that nothing is left behind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import nbformat
import psutil
import pytest

from learnkafka.authoring.kernels import notebook_client
from tests.left import inside
from tests.stopwatch import Stopwatch

if TYPE_CHECKING:
    from nbclient import NotebookClient

    from learnkafka.broker import Broker

Seen = TypeVar("Seen")

REQUIRE_ALL = "LEARNKAFKA_REQUIRE_ALL"


def _missing(part: str) -> str | None:
    if part == "docker":
        from learnkafka.broker.image import image_finding

        finding = image_finding()
        return str(finding) if finding else None
    return None if shutil.which("chromium") else "no Chromium on this machine"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine lacks the parts for; in CI, where nothing may be lacking, let it run and fail."""
    for part in ("docker", "browser"):
        concerned = [item for item in items if item.get_closest_marker(part)]
        if concerned and not os.environ.get(REQUIRE_ALL) and (reason := _missing(part)):
            for item in concerned:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):  # type: ignore[no-untyped-def]
    """With LEARNKAFKA_REQUIRE_ALL=1 a skipped test is a failed one, whatever it was skipped for."""
    report = yield
    if report.skipped and os.environ.get(REQUIRE_ALL):
        report.outcome = "failed"
        report.longrepr = f"skipped, where {REQUIRE_ALL} allows no skips: {report.longrepr}"
    return report


def wait_until(condition: Callable[[], Seen], seconds: float = 30) -> Seen:
    """What the condition gives, as soon as that is true; fails when it isn't within the time."""
    stopwatch = Stopwatch()
    while not (seen := condition()):
        assert stopwatch.seconds() < seconds, f"not within {seconds} s: {condition.__qualname__}"
        time.sleep(0.02)
    return seen


@pytest.fixture(scope="session")
def until() -> Callable[..., Seen]:
    """`until(condition, seconds)`: wait for a condition, with a deadline."""
    return wait_until


@pytest.fixture
def own_tmp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary directory that no other test uses, in force for this process and those that it starts.

    Short, for a socket's path has at most 107 characters; what a test leaves in it, other than nothing, fails.
    """
    with tempfile.TemporaryDirectory(prefix="lk-", dir="/tmp") as path:
        monkeypatch.setenv("TMPDIR", path)
        monkeypatch.setattr(tempfile, "tempdir", None)
        yield Path(path)
        assert not (left := inside(Path(path))), f"left behind: {left}"


@contextmanager
def _kernel(timeout: float, directory: Path = Path(), **environment: str) -> Iterator[NotebookClient]:
    client = notebook_client(
        nbformat.v4.new_notebook(),
        timeout=timeout,
        allow_errors=True,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(directory)}},
    )
    kind = {} if "KAFKA_BOOTSTRAP_SERVERS" in environment else {"LEARNKAFKA_BROKER": "embedded"}
    with client.setup_kernel(env=os.environ | kind | environment):
        yield client


@pytest.fixture(scope="session")
def open_kernel() -> Callable[..., AbstractContextManager[NotebookClient]]:
    """`with open_kernel(timeout, directory) as client`: a kernel for an empty notebook; an error is an answer too.

    The timeout is a cell's, in seconds; the keywords are its environment, whose broker is the embedded one.
    """
    return _kernel


@pytest.fixture(scope="session", autouse=True)
def own_progress(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A learner's progress on this machine is nobody's business here: tests, and what they start, keep another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEARNKAFKA_PROGRESS", str(tmp_path_factory.mktemp("progress") / "progress.json"))
        yield


@pytest.fixture(scope="session")
def real_jars() -> Path:
    """The jars that this machine's brokers run on; asked before any test sets another cache."""
    from learnkafka.broker.distribution import jars_directory

    return jars_directory()


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.fixture(scope="session")
def odd_records() -> str:
    """A cell that makes `odd`: what keys and values may be that isn't plain text. A script that runs sets `window.ran`."""
    return r"""
    odd = [
        b"<script>window.ran = 1</script>",
        b"</td></table><img src=x onerror='window.ran = 2'><svg onload=window.ran=3>",
        b'" onmouseover="window.ran = 4" x="',
        b"'; window.ran = 5; //", b"${window.ran = 6}", b"{{ 7 }} & &amp; $\\href{javascript:window.ran=7}{x}$",
        "Zo\u00eb \U0001f956 \U0001f469\u200d\U0001f680".encode(),
        "\u202etxt.exe \u05e9\u05dc\u05d5\u05dd".encode(),
        b"\xed\xa0\x80 half a pair", b"\xff\xfe\x00\x01", b"\x1b[31mred\x07\r\n\ttab",
        b"null", b"", b"x" * 1_000_000,
    ]
    """.replace("\n    ", "\n")


@pytest.fixture
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache directory of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "learnkafka"


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """`tmpfs("size=1m")`: a small disk of the test's own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        path = tmp_path / f"disk-{len(mounted)}"
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
        mounted.append(path)
        return path

    yield mount
    for path in mounted:
        subprocess.run(["umount", "--lazy", path], check=True)


# A cluster that exists already: one embedded broker of a test's own, with a listener for each kind of security.

USER, PASSWORD = "ada", 'difference "engine"'
PROTOCOLS = {
    "PLAIN": "PLAINTEXT",
    "TLS": "SSL",
    "LOGIN": "SASL_PLAINTEXT",
    "SECURE": "SASL_SSL",
    # Advertised where nobody can reach them.
    "CLOSED": "PLAINTEXT",
    "NAMELESS": "PLAINTEXT",
}


@dataclass
class ListeningCluster:
    """Where the listeners are, and what the environment must say to use them."""

    authority: Path
    certificate: Path
    ports: dict[str, int] = field(default_factory=dict)

    def address(self, listener: str) -> str:
        return f"localhost:{self.ports[listener]}"

    def environment(self, listener: str, mechanism: str = "PLAIN") -> dict[str, str]:
        """The variables with which a learner gets in."""
        protocol = PROTOCOLS[listener]
        variables = {"KAFKA_BOOTSTRAP_SERVERS": self.address(listener), "KAFKA_SECURITY_PROTOCOL": protocol}
        if protocol.startswith("SASL"):
            variables |= {
                "KAFKA_SASL_MECHANISM": mechanism,
                "KAFKA_SASL_USERNAME": USER,
                "KAFKA_SASL_PASSWORD": PASSWORD,
            }
        if protocol.endswith("SSL"):
            variables["KAFKA_SSL_CAFILE"] = str(self.authority)
        return variables

    def settings(self, node: object) -> Mapping[str, str]:
        """The listeners, beside the embedded broker's own."""
        from learnkafka.broker.ports import free_ports

        *ports, closed = free_ports(len(PROTOCOLS) + 1)
        self.ports = dict(zip(PROTOCOLS, ports, strict=True))
        own = f"PLAINTEXT://%s:{node.port}"  # type: ignore[attr-defined]
        listeners = [f"{name}://127.0.0.1:{port}" for name, port in self.ports.items()]
        advertised = {name: f"localhost:{port}" for name, port in self.ports.items()}
        advertised |= {"CLOSED": f"localhost:{closed}", "NAMELESS": "kafka.example.invalid:9092"}
        protocols = {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT"} | PROTOCOLS
        jaas = "org.apache.kafka.common.security"
        password = PASSWORD.replace('"', r"\\\"")
        plain = f'{jaas}.plain.PlainLoginModule required user_{USER}="{password}";'
        scram = f"{jaas}.scram.ScramLoginModule required;"
        return {
            "listeners": ",".join(
                [own % "127.0.0.1", *listeners, f"CONTROLLER://127.0.0.1:{node.controller_port}"]  # type: ignore[attr-defined]
            ),
            "advertised.listeners": ",".join(
                [own % "localhost", *(f"{name}://{address}" for name, address in advertised.items())]
            ),
            "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.certificate),
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
            "listener.name.login.plain.sasl.jaas.config": plain,
            "listener.name.login.scram-sha-256.sasl.jaas.config": scram,
            "listener.name.secure.plain.sasl.jaas.config": plain,
            "listener.name.secure.scram-sha-256.sasl.jaas.config": scram,
        }


@pytest.fixture(scope="session")
def cluster_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ListeningCluster]:
    """The cluster, for as long as this worker tests."""
    import trustme
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
    )
    from kafka import KafkaAdminClient
    from kafka.admin import UserScramCredentialUpsertion

    from learnkafka.broker.embedded import EmbeddedServer

    folder = tmp_path_factory.mktemp("authority")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    store = folder / "broker.pem"  # Kafka reads keys in PKCS 8 only
    store.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for certificate in issued.cert_chain_pems:
        certificate.write_to_path(store, append=True)
    cluster = ListeningCluster(folder / "authority.pem", store)
    server = EmbeddedServer(adjust=cluster.settings)
    try:
        with KafkaAdminClient(bootstrap_servers=server.bootstrap_servers) as admin:
            admin.alter_user_scram_credentials([UserScramCredentialUpsertion(USER, "SCRAM-SHA-256", PASSWORD)])
        yield cluster
    finally:
        server.stop()


@pytest.fixture(scope="session")
def processes() -> Callable[[Path], list[psutil.Process]]:
    """`processes(tmp)`: the running processes that belong to a run below that temporary directory."""

    def of(tmp: Path) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                mark = process.environ().get("LEARNKAFKA_RUN", "")
                if mark.startswith(f"{tmp}/") and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    return of


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    """An embedded one for the module's tests; members end before it."""
    from learnkafka import start_broker
    from learnkafka.members import start

    started = start_broker(kind="embedded", new=True)
    yield started
    start.end_members()
    started.stop()


@pytest.fixture
def without_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of this machine's own names a cluster."""
    from learnkafka.broker import environment, start

    for variable in (environment.BOOTSTRAP, start.KIND_VARIABLE, *environment.SECURITY):
        monkeypatch.delenv(variable, raising=False)
