"""Every kind of Redis that this machine has, and one that somebody else runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from learnkafka.services.address import REDIS_URL
from learnkafka.services.process import ProcessRedis
from learnkafka.services.programs import server_of_wheel, server_on_path
from learnkafka.services.start import KIND_VARIABLE

KINDS = ["server", "wheel", pytest.param("container", marks=pytest.mark.docker)]


@pytest.fixture(autouse=True)
def _plain_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of this machine's own, and nothing of this user's."""
    for name in (REDIS_URL, KIND_VARIABLE, "LEARNKAFKA_PREFIX", "JUPYTERHUB_USER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(params=KINDS)
def own_kind(request: pytest.FixtureRequest) -> str:
    """Each kind that is the learner's alone, where this machine has it."""
    if request.param == "server" and server_on_path() is None:
        pytest.skip("no redis-server or valkey-server on PATH")
    if request.param == "container":
        from learnkafka.broker.image import REDIS_IMAGE, image_finding

        if finding := image_finding(REDIS_IMAGE):
            pytest.skip(str(finding))
    return str(request.param)


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a Redis that isn't ours."""
    program = server_of_wheel()
    assert program
    server = ProcessRedis("wheel", program)
    try:
        yield server.url
    finally:
        server.stop()


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """`on_path("redis-server", script)`: PATH has this program, and before it nothing else but a shell's own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "cat"):
        (folder / tool).symlink_to(f"/bin/{tool}")
    monkeypatch.setenv("PATH", str(folder))

    def put(name: str, script: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return put
