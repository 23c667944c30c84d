"""The images that containers are made of, and whether they can be had here."""

from __future__ import annotations

import time
from collections.abc import Callable

from learnkafka.broker.distribution import KAFKA_VERSION
from learnkafka.broker.finding import Finding
from learnkafka.errors import BrokerError

IMAGE = f"apache/kafka:{KAFKA_VERSION}"  # the exact version: `latest` changes under a class's feet
REDIS_IMAGE = "redis:8.2-alpine"  # for start_redis() and docker-compose.yml
PULL_SECONDS = 600


def image_finding(image: str = IMAGE) -> Finding | None:
    """What keeps a container of the image from being started here; None when nothing does. Never waits for a pull."""
    import docker  # here, because it costs 0.2 s
    from docker.errors import DockerException, ImageNotFound

    try:
        client = docker.from_env(timeout=5)
        try:
            client.images.get(image)
        finally:
            client.close()
    except ImageNotFound:
        return Finding(f"Docker answers, but hasn't got the image {image}", "run `learnkafka fetch` in a terminal.")
    except (DockerException, OSError) as error:
        return _docker_finding(error)
    return None


def _docker_finding(error: BaseException) -> Finding:
    causes = _causes(error)
    if any(isinstance(cause, PermissionError) for cause in causes):
        return Finding(
            "Docker is there, but you may not use it (permission denied on its socket)",
            "add yourself to its group: `sudo usermod -aG docker $USER`, then log out and in.",
        )
    if any(isinstance(cause, FileNotFoundError | ConnectionRefusedError) for cause in causes):
        return Finding("No Docker answers on this machine", "start Docker if you have it; the course runs without it.")
    return Finding(
        f"Docker doesn't answer as it should ({error})", "look at what `docker info` says; the course runs without it."
    )


def _causes(error: BaseException) -> list[BaseException]:
    """The error and those that led to it, also where they were only passed on as arguments."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__, *(part for part in one.args if isinstance(part, BaseException))]
    return found


def pull_image(progress: Callable[[int, int], None], seconds: float = PULL_SECONDS, image: str = IMAGE) -> bool:
    """Pull the image where Docker answers and lacks it; whether it is there afterwards.

    `progress` is told the bytes that have arrived and the bytes known to come. Raises BrokerError when the pull fails
    or takes longer than `seconds`.
    """
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=30)
    except DockerException:
        return False
    try:
        if image_finding(image) is None:
            return True
        deadline = time.monotonic() + seconds
        layers: dict[str, tuple[int, int]] = {}
        for event in client.api.pull(image, stream=True, decode=True):
            if "error" in event:
                raise BrokerError(f"Docker could not pull {image}: {event['error']}")
            if time.monotonic() > deadline:
                raise BrokerError(f"Docker did not pull {image} within {seconds:.0f} s.")
            detail = event.get("progressDetail") or {}
            if event.get("status") == "Downloading" and "total" in detail:
                layers[event["id"]] = (detail["current"], detail["total"])
                progress(sum(now for now, _ in layers.values()), sum(total for _, total in layers.values()))
        return True
    except (DockerException, OSError) as error:
        raise BrokerError(f"Docker could not pull {image}: {getattr(error, 'explanation', None) or error}") from error
    finally:
        client.close()
