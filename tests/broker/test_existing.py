"""A cluster that others use too is left as it was found, however many lessons were open and however they ended."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient

KERNEL = """
from learnkafka import start_broker
broker = start_broker()
print(broker.topic("orders"), flush=True)
for line in __import__("sys").stdin:
    exec(line)
"""


@pytest.fixture
def learner(
    cluster_elsewhere: Any, without_cluster: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """`learner()`: a kernel of one learner, who logs in with a password and has made the topic `orders`."""
    for name, value in cluster_elsewhere.environment("SECURE").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LEARNKAFKA_PREFIX", f"ada{os.getpid()}-")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        kernel = subprocess.Popen(
            [sys.executable, "-c", KERNEL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(kernel)
        assert kernel.stdout
        assert kernel.stdout.readline().strip() == f"ada{os.getpid()}-orders"
        return kernel

    yield start
    for kernel in started:
        kernel.kill()
        kernel.communicate()


@pytest.fixture
def topics(cluster_elsewhere: Any) -> Iterator[Callable[[], list[str]]]:
    """`topics()`: those of this learner, as the cluster's owner sees them."""
    with KafkaAdminClient(bootstrap_servers=cluster_elsewhere.address("PLAIN")) as admin:
        yield lambda: [name for name in admin.list_topics() if name.startswith(f"ada{os.getpid()}-")]


def test_a_kernel_that_ends_deletes_what_it_made(
    learner: Callable[[], Any], topics: Callable[[], list[str]], until: Callable[..., Any]
) -> None:
    """Its topics go soon after its normal end, without a `stop()`."""
    kernel = learner()
    assert topics()
    kernel.communicate(timeout=30)  # the end of its input
    assert kernel.returncode == 0
    until(lambda: not topics(), 20)


def test_what_a_killed_kernel_made_goes_with_the_next_start(
    learner: Callable[[], Any], topics: Callable[[], list[str]], until: Callable[..., Any]
) -> None:
    """Nobody could delete, so the learner's next connection does, and makes the same topic anew."""
    first = learner()
    first.kill()
    first.communicate()
    assert topics()
    learner().communicate(timeout=30)
    until(lambda: not topics(), 20)


def test_two_open_lessons_of_one_learner(
    learner: Callable[[], Any], topics: Callable[[], list[str]], until: Callable[..., Any]
) -> None:
    """The second may make the topic anew; the first one's end leaves it, the last one's end deletes it."""
    first, second = learner(), learner()
    assert first.stdin
    first.communicate("broker.stop()\n", timeout=30)
    assert topics()
    second.communicate(timeout=30)
    until(lambda: not topics(), 20)
