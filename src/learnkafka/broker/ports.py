"""Free ports on the loopback interface."""

from __future__ import annotations

import errno
import random
import socket
from contextlib import ExitStack

# Outgoing connections come from 32768 on (Linux) or 49152 on (macOS). A client that tries again and again to reach a
# broker which is away would sooner or later be given the broker's own port, were that one of those.
_RANGE = range(20_000, 32_768)
_TRIES = 1_000
_given: set[int] = set()  # by this process: what it was given a moment ago, nobody listens on yet
_random = random.SystemRandom()  # two kernels that were forked alike choose differently


def free_ports(count: int) -> list[int]:
    """So many different ports that nobody listens on right now, and that no call before this one gave; another server may still take one before it is used.

    Raises OSError where nearly all are taken.
    """
    found: list[int] = []
    with ExitStack() as stack:
        for port in _random.sample(_RANGE, _TRIES):
            if len(found) == count:
                break
            if port in _given:
                continue
            try:
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue  # taken
            found.append(port)
    _given.update(found)
    if len(found) < count:
        raise OSError(errno.EADDRINUSE, f"of {_TRIES} ports that were tried, {len(found)} were free")
    return found


def accepts(port: int) -> bool:
    """Whether somebody listens on the port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return False
    return True
