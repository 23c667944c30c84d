"""A Redis that others use too: nothing is started, and only this learner's keys are ever deleted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from learnkafka import start_redis
from tests.stopwatch import Stopwatch

KERNEL = """
import redis
from learnkafka import start_redis
store = start_redis()
client = redis.Redis.from_url(store.url)
client.set(store.name("notification:invoices:1"), "sent", nx=True)
print(store.prefix, flush=True)
for line in __import__("sys").stdin:
    exec(line)
"""
OTHERS = [
    "notification:invoices:1",
    "learnkafka:ada-b:x",
    "learnkafka:ad:x",
    "ada:x",
    "learnkafka:x",
    "learnkafka:bob:x",
]


@pytest.fixture
def shared(elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[redis.Redis]:
    """As its owner sees it; Ada's environment names it, and others have keys there."""
    monkeypatch.setenv("REDIS_URL", elsewhere)
    monkeypatch.setenv("LEARNKAFKA_PREFIX", "ada-")
    with redis.Redis.from_url(elsewhere, decode_responses=True) as client:
        client.mset(dict.fromkeys(OTHERS, "somebody else's"))
        yield client
        assert {*OTHERS} <= set(client.keys()), "somebody else's keys went"


def hers(client: redis.Redis) -> list[str]:
    """The keys of this learner."""
    return [str(key) for key in client.keys("learnkafka:ada:*")]


@pytest.fixture
def learner(shared: redis.Redis) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """`learner()`: a kernel of Ada's, which has set a key."""
    started: list[subprocess.Popen[str]] = []

    def begin() -> subprocess.Popen[str]:
        kernel = subprocess.Popen(
            [sys.executable, "-c", KERNEL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(kernel)
        assert kernel.stdout
        assert kernel.stdout.readline().strip() == "learnkafka:ada:"
        return kernel

    yield begin
    for kernel in started:
        kernel.kill()
        kernel.communicate()


def test_only_her_keys_go_at_stop(shared: redis.Redis, own_tmp: Path) -> None:
    """Thousands of them; the Redis goes on, and no process and no directory was made."""
    store = start_redis()
    assert repr(store) == "<Redis: running>"
    assert store.kind == "existing"
    assert store.name("notification:invoices:1") == "learnkafka:ada:notification:invoices:1"
    assert start_redis() is store
    assert not list(own_tmp.iterdir())
    with redis.Redis.from_url(store.url) as client:
        client.mset({store.name(f"invoice:{number}"): "sent" for number in range(3000)})
    assert len(hers(shared)) == 3000
    store.stop()
    assert not hers(shared)
    assert repr(store) == "<Redis: stopped>"
    assert shared.ping()


def test_looking_leaves_no_key(shared: redis.Redis) -> None:
    """What the start itself has tried is gone when it returns."""
    with start_redis(new=True):
        assert not hers(shared)


@pytest.mark.parametrize(
    ("prefix", "user", "begins"),
    [("", "ada", "learnkafka:ada:"), ("", "Ada L/*", "learnkafka:Ada-L--:"), ("class.7", "ada", "learnkafka:class.7:")],
)
def test_what_a_learners_keys_begin_with(
    shared: redis.Redis, monkeypatch: pytest.MonkeyPatch, prefix: str, user: str, begins: str
) -> None:
    """The JupyterHub or login name, or what LEARNKAFKA_PREFIX says."""
    monkeypatch.setenv("LEARNKAFKA_PREFIX", prefix)
    monkeypatch.setenv("JUPYTERHUB_USER", user)
    with start_redis(new=True) as store:
        assert store.prefix == begins


def test_a_kernel_that_ends_deletes_its_keys(shared: redis.Redis, learner: Callable[[], Any]) -> None:
    """At its normal end, without a `stop()`."""
    kernel = learner()
    assert hers(shared)
    kernel.communicate(timeout=30)
    assert kernel.returncode == 0
    assert not hers(shared)


def test_forked_child_deletes_nothing(shared: redis.Redis, learner: Callable[[], Any]) -> None:
    """It isn't the owner."""
    kernel = learner()
    kernel.stdin.write("import os; child = os.fork(); child or exit(); os.wait(); print(flush=True)\n")
    kernel.stdin.flush()
    kernel.stdout.readline()
    assert hers(shared)


def test_what_a_killed_kernel_left_goes_with_the_next_start(shared: redis.Redis, learner: Callable[[], Any]) -> None:
    """Nobody could delete it, so her next start does."""
    kernel = learner()
    shared.set("learnkafka:ada:left", "by the first")
    kernel.kill()
    kernel.communicate()
    assert "learnkafka:ada:left" in hers(shared)
    second = learner()
    assert hers(shared) == ["learnkafka:ada:notification:invoices:1"]
    second.communicate(timeout=30)
    assert not hers(shared)


def test_two_open_lessons_of_one_learner(shared: redis.Redis, learner: Callable[[], Any]) -> None:
    """The end of the first leaves the keys, that of the last deletes them."""
    first, second = learner(), learner()
    first.communicate("store.stop()\n", timeout=30)
    assert hers(shared)
    second.communicate(timeout=30)
    assert not hers(shared)


def test_kernel_ends_quietly_where_nobody_answers(shared: redis.Redis, learner: Callable[[], Any]) -> None:
    """No error, and no longer wait than JupyterLab grants."""
    kernel = learner()
    server = psutil.Process(int(shared.info("server")["process_id"]))
    server.suspend()
    try:
        stopwatch = Stopwatch()
        kernel.communicate(timeout=30)
        assert stopwatch.seconds() < 5
        assert kernel.returncode == 0
    finally:
        server.resume()
    assert hers(shared)
    start_redis(new=True).stop()
    assert not hers(shared)
