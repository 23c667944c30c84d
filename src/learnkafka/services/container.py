"""A Redis as a container of the official image, through testcontainers."""

from __future__ import annotations

import secrets
import time
from typing import Any

from docker.errors import DockerException, NotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from learnkafka.broker.engine import docker_answers, make_sure_of_image
from learnkafka.broker.image import REDIS_IMAGE
from learnkafka.broker.ports import accepts
from learnkafka.errors import ServiceError
from learnkafka.lifetime import Run
from learnkafka.lifetime.run import remove_containers
from learnkafka.services.ready import wait_for_answer

START_SECONDS = 60
REACHABLE_SECONDS = 20
OTHERWISE = 'use start_redis(kind="wheel")'
PORT = "6379/tcp"

# testcontainers' own reaper leaks (testcontainers-python#1093, #1114); our guard and labels do its work.
testcontainers_config.ryuk_disabled = True


class ContainerRedis:
    """One container, published to the loopback interface, with a password of its own, that keeps nothing."""

    kind = "container"
    prefix = ""

    def __init__(self) -> None:
        make_sure_of_image(REDIS_IMAGE, OTHERWISE)
        remove_containers()  # those whose owners are gone
        self._password = secrets.token_hex(16)
        self._run = Run()
        self._port = 0
        try:
            with docker_answers(OTHERWISE):
                self._start()
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def is_alive(self) -> bool:
        try:
            return self._is_running()
        except (DockerException, OSError):
            return False

    def stop(self) -> None:
        """At once: what it holds goes with it."""
        self._run.close()

    def _start(self) -> None:
        self._container = DockerContainer(REDIS_IMAGE, labels=self._run.docker_labels())
        # To the loopback interface only, under a number that Docker chooses.
        self._container.ports = {PORT: ("127.0.0.1", None)}  # type: ignore[dict-item]
        words = ["redis-server", "--requirepass", self._password, "--save", "", "--appendonly", "no"]
        self._container.with_command(words).start()
        self._begun = time.monotonic()
        self._wait_until_published()
        wait_for_answer(self.url, START_SECONDS, self._explain_if_dead)

    def _wait_until_published(self) -> None:
        while True:
            self._explain_if_dead()
            published: list[dict[str, str]] = self._engines().ports.get(PORT) or []
            if published:
                self._port = int(published[0]["HostPort"])
                return
            time.sleep(0.02)

    def _explain_if_dead(self) -> None:
        if not self._is_running():
            log = self._engines().logs(tail=15).decode(errors="replace")
            raise ServiceError(f"Redis's container ended by itself; {OTHERWISE}. Its log ends:\n{log}")
        # Not at once: some engines publish a port only when somebody listens behind it.
        if time.monotonic() > self._begun + REACHABLE_SECONDS and not (self._port and accepts(self._port)):
            raise ServiceError(
                "Redis's container runs, but the port that Docker published can't be reached from here (is this a "
                f"container itself?); {OTHERWISE}."
            )

    def _is_running(self) -> bool:
        try:
            self._engines().reload()
        except NotFound:
            return False
        return bool(self._engines().status == "running")

    def _engines(self) -> Any:
        return self._container.get_wrapped_container()
