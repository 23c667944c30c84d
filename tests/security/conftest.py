"""What the tests of SECURITY.md's claims share."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable

import psutil
import pytest

Sockets = set[tuple[str, int]]


def listening(processes: Iterable[psutil.Process]) -> Sockets:
    """Address and port of each socket of these processes that somebody else can send to, TCP and UDP."""
    found = set()
    for process in processes:
        try:
            sockets = process.net_connections(kind="inet")
        except psutil.NoSuchProcess:
            continue  # it came and went
        for one in sockets:
            if one.status == psutil.CONN_LISTEN or (one.type == socket.SOCK_DGRAM and one.laddr and not one.raddr):
                found.add((one.laddr.ip, one.laddr.port))
    return found


def is_loopback(address: str) -> bool:
    """Java binds IPv4 addresses in their IPv6 form."""
    ip = ipaddress.ip_address(address)
    return (getattr(ip, "ipv4_mapped", None) or ip).is_loopback


def addresses_of_this_machine() -> list[str]:
    """Those by which others reach it; empty on a machine without a network."""
    known = (one for interface in psutil.net_if_addrs().values() for one in interface)
    return [one.address for one in known if one.family == socket.AF_INET and not is_loopback(one.address)]


@pytest.fixture
def only_loopback() -> Callable[[Iterable[psutil.Process]], Sockets]:
    """`only_loopback(processes)`: what they listen on, after making sure that nobody outside this machine reaches it."""

    def check(processes: Iterable[psutil.Process]) -> Sockets:
        found = listening(processes)
        assert not [one for one in found if not is_loopback(one[0])]
        for address in addresses_of_this_machine():
            for _, port in found:
                with socket.socket() as outside:
                    outside.settimeout(2)
                    assert outside.connect_ex((address, port)) != 0, (address, port)
        return found

    return check
