"""Docker's engine: that it answers here and has an image, and its errors as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from docker.errors import DockerException
from testcontainers.core.docker_client import DockerClient

from learnkafka.broker.image import image_finding
from learnkafka.errors import BrokerError


def make_sure_of_image(image: str, otherwise: str) -> None:
    """Raise BrokerError when Docker isn't on this machine, doesn't answer, or hasn't got the image.

    `otherwise` is what to do without Docker, as in 'use start_broker(kind="embedded")'.
    """
    if finding := image_finding(image):
        raise BrokerError(f"{finding.problem}; {finding.remedy} Or {otherwise}.")
    with docker_answers(otherwise):
        client = DockerClient()
        host = client.host()
        client.client.close()
    if host not in ("localhost", "127.0.0.1"):
        raise BrokerError(
            f"Docker runs on another machine ({host}), where what the course starts can't be reached; {otherwise}."
        )


@contextmanager
def docker_answers(otherwise: str) -> Iterator[None]:
    """Turn Docker's own errors into a sentence."""
    try:
        yield
    except (DockerException, OSError) as error:
        explanation = getattr(error, "explanation", None) or error
        raise BrokerError(
            f"Docker doesn't do what was asked ({explanation}); see that it runs with `docker info`, or {otherwise}."
        ) from error
