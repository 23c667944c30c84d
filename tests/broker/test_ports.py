"""Ports for what we start."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from learnkafka.broker import ports

OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_different_ones_that_can_be_bound() -> None:
    """As many as were asked for."""
    found = ports.free_ports(20)
    assert len(set(found)) == 20
    for port in found:
        socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.skipif(not OUTGOING.exists(), reason="not Linux")
def test_none_that_an_outgoing_connection_could_have() -> None:
    """Else a client that tries to reach a broker which is away might take the broker's port, and the broker never come back."""
    lowest, highest = map(int, OUTGOING.read_text().split())
    assert not [port for port in ports.free_ports(100) if lowest <= port <= highest]


def test_a_taken_one_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """And where all are taken, that is said."""
    first = ports.free_ports(1)[0]
    monkeypatch.setattr(ports, "_RANGE", range(first, first + 1))
    monkeypatch.setattr(ports, "_TRIES", 1)
    with pytest.raises(OSError, match="0 were free"):  # it was given to us a moment ago
        ports.free_ports(1)
    monkeypatch.setattr(ports, "_given", set())
    assert ports.free_ports(1) == [first]
    monkeypatch.setattr(ports, "_given", set())
    with socket.create_server(("127.0.0.1", first)), pytest.raises(OSError, match=r"of 1 ports .* 0 were free"):
        ports.free_ports(1)
