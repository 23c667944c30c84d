"""Why a cluster can't be used: each cause with its own sentence and its own remedy, found on a real cluster."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from learnkafka.broker import environment
from learnkafka.broker.probe import probe
from tests.stopwatch import Stopwatch


@pytest.fixture
def other_authority(tmp_path: Path) -> str:
    """The certificate of an authority that signed nothing here."""
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    return str(tmp_path / "other.pem")


def finding_for(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The finding as a person reads it; empty where nothing is wrong."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = probe(environment.bootstrap_servers(), environment.client_config())
    return str(found) if found else ""


@pytest.mark.parametrize("listener", ["PLAIN", "TLS", "LOGIN", "SECURE"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
@pytest.mark.usefixtures("without_cluster")
def test_nothing_wrong(cluster_elsewhere: Any, monkeypatch: pytest.MonkeyPatch, listener: str, mechanism: str) -> None:
    """With the right settings, each kind of listener lets us in."""
    assert finding_for(cluster_elsewhere.environment(listener, mechanism), monkeypatch) == ""


CASES = {
    "TLS not asked for": ("TLS", {"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}, "speaks TLS", "set KAFKA_SECURITY_PROTOCOL to SSL"),
    "TLS not asked for, SASL": ("SECURE", {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "speaks TLS", "SASL_SSL"),
    "TLS not spoken": ("PLAIN", {"KAFKA_SECURITY_PROTOCOL": "SSL"}, "doesn't speak TLS", "set KAFKA_SECURITY_PROTOCOL to PLAINTEXT"),
    "wrong authority": ("TLS", {"KAFKA_SSL_CAFILE": "other"}, "TLS is refused", "set KAFKA_SSL_CAFILE"),
    "no authority": ("TLS", {"KAFKA_SSL_CAFILE": ""}, "TLS is refused", "set KAFKA_SSL_CAFILE"),
    "authority's file not there": ("TLS", {"KAFKA_SSL_CAFILE": "/nowhere.pem"}, "TLS files can't be used", "KAFKA_SSL_CAFILE"),
    "another host's certificate": ("TLS", {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1"}, "TLS is refused", "host name"),
    "SASL not given": ("LOGIN", {"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}, "asks for SASL (PLAIN, SCRAM-SHA-256)", "KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT"),
    "SASL not given, TLS": ("SECURE", {"KAFKA_SECURITY_PROTOCOL": "SSL"}, "asks for SASL", "KAFKA_SECURITY_PROTOCOL=SASL_SSL"),
    "SASL not there": ("PLAIN", {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "has no SASL", "set KAFKA_SECURITY_PROTOCOL=PLAINTEXT"),
    "SASL not there, TLS": ("TLS", {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "has no SASL", "set KAFKA_SECURITY_PROTOCOL=SSL"),
    "wrong mechanism": ("LOGIN", {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-512"}, "not SCRAM-SHA-512", "set KAFKA_SASL_MECHANISM"),
    "wrong password": ("LOGIN", {"KAFKA_SASL_PASSWORD": "guessed"}, "refuses the SASL login of 'ada' (PLAIN)", "KAFKA_SASL_PASSWORD"),
    "wrong password, SCRAM": (
        "SECURE",
        {"KAFKA_SASL_PASSWORD": "guessed", "KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"},
        "refuses the SASL login of 'ada' (SCRAM-SHA-256)",
        "KAFKA_SASL_PASSWORD",
    ),
    "advertised where nobody listens": ("CLOSED", {}, "advertises broker 1 as localhost:", "advertised.listeners"),
    "advertised under an unknown name": ("NAMELESS", {}, "advertises broker 1 as kafka.example.invalid:9092", "advertised.listeners"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.usefixtures("without_cluster")
def test_what_is_wrong(
    cluster_elsewhere: Any, monkeypatch: pytest.MonkeyPatch, other_authority: str, case: str
) -> None:
    """The cause and its remedy, in one line, without a password."""
    listener, changed, problem, remedy = CASES[case]
    variables = cluster_elsewhere.environment("SECURE") | cluster_elsewhere.environment(listener) | changed
    if variables.get("KAFKA_SSL_CAFILE") == "other":
        variables["KAFKA_SSL_CAFILE"] = other_authority
    if variables["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1":
        variables["KAFKA_BOOTSTRAP_SERVERS"] = f"127.0.0.1:{cluster_elsewhere.ports[listener]}"
    stopwatch = Stopwatch()
    found, _, mend = finding_for(variables, monkeypatch).partition("; ")
    assert problem in found
    assert remedy in mend
    assert "\n" not in found + mend
    assert "guessed" not in found + mend
    assert "difference" not in found + mend
    assert stopwatch.seconds() < 12


def test_name_not_resolved() -> None:
    """A host that there isn't."""
    found = probe("kafka.example.invalid:9092", {})
    assert found
    assert found.problem == "The name 'kafka.example.invalid' is not resolved"
    assert "KAFKA_BOOTSTRAP_SERVERS" in found.remedy


def test_port_refused() -> None:
    """A host on which nobody listens there."""
    with socket.socket() as held:  # bound, but not listening: nobody else can take it meanwhile
        held.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{held.getsockname()[1]}"
        found = probe(address, {})
    assert found
    assert found.problem == f"Nothing listens at {address} (connection refused)"
    assert "broker runs" in found.remedy


def test_one_of_several_addresses_is_enough(cluster_elsewhere: Any) -> None:
    """As for a client: the first address that answers will do; only when none does is there something to mend."""
    assert probe(f"kafka.example.invalid:9092,{cluster_elsewhere.address('PLAIN')}", {}) is None
    found = probe("kafka.example.invalid:9092,kafka2.example.invalid:9092", {})
    assert found
    assert "'kafka.example.invalid' is not resolved" in found.problem


@pytest.fixture
def web_server() -> Iterator[int]:
    """Something that listens, takes whatever comes, and isn't Kafka."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(0.5)
                    try:
                        connection.recv(1024)
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def test_port_of_something_else(web_server: int) -> None:
    """A port where another program answers."""
    found = probe(f"127.0.0.1:{web_server}", {})
    assert found
    assert "doesn't answer as a Kafka broker does" in found.problem
    assert "port" in found.remedy
