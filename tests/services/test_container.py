"""Redis as a container, and what may go wrong while it starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from learnkafka import start_redis
from learnkafka.broker.image import REDIS_IMAGE, image_finding
from learnkafka.errors import ServiceError
from learnkafka.lifetime import LABEL_RUN
from learnkafka.services import container


def test_no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence with what else there is."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(ServiceError, match=r'No Docker answers on this machine; .* Or use start_redis\(kind="wheel"\)'):
        start_redis("container")


@pytest.mark.docker
def test_image_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """It isn't pulled in a lesson."""
    monkeypatch.setattr(container, "REDIS_IMAGE", "redis:0.0-nobodys")
    with pytest.raises(ServiceError, match=r"hasn't got the image redis:0\.0-nobodys; run `learnkafka fetch`"):
        start_redis("container")


@pytest.fixture
def ours(own_tmp: Path) -> Callable[[], list[Any]]:
    """The containers of this test's runs."""
    if finding := image_finding(REDIS_IMAGE):
        pytest.skip(str(finding))

    def listed() -> list[Any]:
        client = docker.from_env()
        try:
            found = client.containers.list(all=True, filters={"label": LABEL_RUN}, ignore_removed=True)
            return [one for one in found if one.labels[LABEL_RUN].startswith(f"{own_tmp}/")]
        finally:
            client.close()

    return listed


@pytest.mark.docker
def test_published_on_the_loopback_interface_only(ours: Callable[[], list[Any]]) -> None:
    """Nobody outside this machine can connect; killed, it is gone, and another start replaces it."""
    store = start_redis("container")
    try:
        (one,) = ours()
        ((published,),) = one.ports.values()
        assert published["HostIp"] == "127.0.0.1"
        assert store.url.endswith(f"@127.0.0.1:{published['HostPort']}/0")
        one.kill()
        one.wait(timeout=10)
        assert repr(store) == "<Redis: gone>"
        store = start_redis("container")
        assert repr(store) == "<Redis: running>"
        (another,) = ours()
        assert another.id != one.id
    finally:
        store.stop()
    assert not ours()


@pytest.mark.docker
def test_container_that_ends_by_itself(monkeypatch: pytest.MonkeyPatch, ours: Callable[[], list[Any]]) -> None:
    """One error with the end of its log, and nothing left."""
    real = container.DockerContainer.with_command
    monkeypatch.setattr(
        container.DockerContainer, "with_command", lambda self, words: real(self, [*words, "--port", "none"])
    )
    with pytest.raises(ServiceError, match=r'ended by itself; use start_redis\(kind="wheel"\)') as ended:
        start_redis("container")
    assert "none" in str(ended.value).partition("Its log ends:\n")[2]
    assert not ours()
