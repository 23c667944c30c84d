"""start_broker and start_cluster: which kind of broker it will be, and the same one again for the same arguments."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from collections.abc import Callable
from typing import TypeVar

from learnkafka.broker.environment import BOOTSTRAP
from learnkafka.broker.handle import Broker, Cluster, ServerOfSeveral
from learnkafka.broker.mending import mend_kafka_python
from learnkafka.errors import BrokerError

KINDS = ("container", "embedded", "existing")
KIND_VARIABLE = "LEARNKAFKA_BROKER"

# The kinds' own modules are imported where they are needed: testcontainers alone costs 0.4 s.

_Handle = TypeVar("_Handle", bound=Broker)
_running: dict[tuple[object, ...], Broker] = {}
_started: weakref.WeakSet[Broker] = weakref.WeakSet()  # those of new=True, too
_lock = threading.Lock()


def start_broker(kind: str | None = None, *, new: bool = False) -> Broker:
    """A Kafka broker that is ready: a record has made a round trip when this returns.

    `kind` is "container", "embedded" or "existing"; None means what the environment variable `LEARNKAFKA_BROKER` says,
    else the cluster at `KAFKA_BOOTSTRAP_SERVERS`, else a container where Docker has the image, else an embedded JVM.
    The same arguments again give the running broker; `new=True` starts another. It ends with this process, or by
    `stop()`. Raises BrokerError with one sentence when no broker can be had.
    """
    return _start(Broker, ("broker", kind), new, lambda: _new_broker(chosen_kind(kind)))


def start_cluster(brokers: int = 3, kind: str | None = None, *, new: bool = False) -> Cluster:
    """Several brokers that form one cluster, "container" or "embedded"; otherwise as start_broker."""
    if brokers not in range(1, 10):
        raise BrokerError(f"A cluster here has 1 to 9 brokers; {brokers!r} were asked for.")
    return _start(Cluster, ("cluster", kind, brokers), new, lambda: _new_cluster(brokers, _own_kind(kind)))


def running_broker() -> Broker:
    """The broker, or cluster, that this process has started and that runs; raises BrokerError unless it is one."""
    running = [broker for broker in list(_started) if broker.is_running]
    if not running:
        raise BrokerError("No broker runs here; start one with start_broker() first.")
    if len(running) > 1:
        raise BrokerError(f"{len(running)} brokers run here; say which one is meant, as in broker=broker.")
    return running[0]


def _start(handle: type[_Handle], asked: tuple[object, ...], new: bool, make: Callable[[], _Handle]) -> _Handle:
    if sys.platform == "win32":
        raise BrokerError("The course runs on Windows inside WSL 2; README.md says how to start it there.")
    key = (*asked, os.environ.get(KIND_VARIABLE), os.environ.get(BOOTSTRAP))
    with _lock:
        running = _running.get(key)
        if not new and isinstance(running, handle):
            if running.is_running:
                return running
            running.stop()  # it died: what is left of it goes before another starts
        started = make()
        mend_kafka_python()
        _started.add(started)
        if not new:
            _running[key] = started
        return started


def chosen_kind(kind: str | None) -> str:
    """The kind that these arguments and this environment mean."""
    kind = kind or os.environ.get(KIND_VARIABLE) or None
    if kind is not None and kind not in KINDS:
        raise BrokerError(
            f"There is no kind of broker {kind!r}; expected one of {', '.join(map(repr, KINDS))}, or none."
        )
    if kind:
        return kind
    if os.environ.get(BOOTSTRAP):
        return "existing"
    return _kind_of_our_own()


def _kind_of_our_own() -> str:
    from learnkafka.broker.image import image_finding

    return "embedded" if image_finding() else "container"


def _own_kind(kind: str | None) -> str:
    chosen = chosen_kind(kind)
    if chosen != "existing":
        return chosen
    if kind:
        raise BrokerError(
            "A cluster that exists already has brokers that aren't ours to stop; use start_broker() with it."
        )
    return _kind_of_our_own()  # a lesson that stops brokers needs its own, whatever the other lessons use


def _new_broker(kind: str) -> Broker:
    if kind == "existing":
        from learnkafka.broker.existing import ExistingServer

        server = ExistingServer()
        return Broker(server, server.names)
    return Broker(_own_server(kind, brokers=1))


def _new_cluster(brokers: int, kind: str) -> Cluster:
    return Cluster(_own_server(kind, brokers), brokers)


def _own_server(kind: str, brokers: int) -> ServerOfSeveral:
    if kind == "container":
        from learnkafka.broker.container import ContainerServer

        return ContainerServer(brokers)
    from learnkafka.broker.embedded import EmbeddedServer

    return EmbeddedServer(brokers)
