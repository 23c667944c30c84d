"""However a kernel ends, its Redis ends with it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from learnkafka.broker.image import REDIS_IMAGE, image_finding
from learnkafka.services.programs import server_on_path

START = """
from learnkafka import start_redis
store = start_redis({kind!r})
print(store)
for line in __import__("sys").stdin:
    exec(line)
"""
LIMIT = 3.0  # seconds from the death of a kernel until nothing of it is left


@pytest.fixture(params=["server", "wheel", pytest.param("container", marks=pytest.mark.docker)])
def started(request: pytest.FixtureRequest, kernel: Callable[[str], Any]) -> Any:
    """A kernel with a Redis that is ready."""
    kind = request.param
    if kind == "server" and not server_on_path():
        pytest.skip("no redis-server or valkey-server on PATH")
    if kind == "container" and (finding := image_finding(REDIS_IMAGE)):
        pytest.skip(str(finding))
    one = kernel(START.format(kind=kind))
    assert one.says() == "<Redis: running>"
    (one.run,) = one.runs()
    assert one.containers() if kind == "container" else one.brokers()
    one.kind = kind
    return one


def nothing_left(one: Any) -> bool:
    """No process, container or directory of its run."""
    return not (one.runs() or one.brokers() or (one.kind == "container" and one.containers()))


@pytest.mark.soak
def test_killed_kernel_leaves_nothing(started: Any, until: Callable[..., Any]) -> None:
    """Within 3 s of `kill -9`."""
    started.process.kill()
    until(lambda: nothing_left(started), LIMIT)


def test_normal_end_leaves_nothing(started: Any) -> None:
    """When the process has ended in order, everything is gone already."""
    started.process.communicate(timeout=20)
    assert started.process.returncode == 0
    assert nothing_left(started)


def test_interrupted_cell_leaves_it_running(started: Any) -> None:
    """A signal to the kernel doesn't reach it."""
    started.process.stdin.write("import os, signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n")
    started.process.stdin.write("os.killpg(0, signal.SIGINT); print(start_redis(store.kind) is store, store)\n")
    started.process.stdin.flush()
    assert started.says() == "True <Redis: running>"


def test_terminated_guard_takes_it_along(started: Any, until: Callable[..., Any]) -> None:
    """As at a shutdown of the machine: the kernel lives, and can start another."""
    started.guards()[0].send_signal(signal.SIGTERM)
    until(lambda: nothing_left(started), 8)
    started.process.stdin.write("print(store); print(start_redis(store.kind))\n")
    started.process.stdin.flush()
    assert started.says() == "<Redis: gone>"
    assert started.says() == "<Redis: running>"
