"""Whether a container can be had here, as a real Docker socket answers."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from learnkafka.broker.image import image_finding


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A directory into which every user may look."""
    with tempfile.TemporaryDirectory(prefix="lk-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


@pytest.mark.parametrize("socket_is", ["not there", "a file", "abandoned"])
def test_no_docker(monkeypatch: pytest.MonkeyPatch, open_folder: Path, socket_is: str) -> None:
    """No socket, or one at which nobody listens any more: the course runs without it."""
    path = open_folder / "docker.sock"
    if socket_is == "abandoned":
        with socket.socket(socket.AF_UNIX) as once:
            once.bind(str(path))
    elif socket_is == "a file":
        path.write_text("")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    found = image_finding()
    assert found
    assert found.problem == "No Docker answers on this machine"
    assert "start Docker" in found.remedy


LOOK = """
import os, sys
import docker, http.client, encodings.idna
from learnkafka.broker.image import image_finding
wanted = os.environ["DOCKER_HOST"]
os.environ["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
image_finding()  # everything is imported now, which another user may not read
os.environ["DOCKER_HOST"] = wanted
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
print(image_finding())
"""


def test_docker_without_permission(open_folder: Path) -> None:
    """A socket that belongs to somebody else: join the group."""
    path = open_folder / "docker.sock"
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        engine.listen()
        path.chmod(stat.S_IRUSR | stat.S_IWUSR if os.geteuid() == 0 else 0)
        seen = subprocess.run(
            [sys.executable, "-c", LOOK],
            env=os.environ | {"DOCKER_HOST": f"unix://{path}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert seen.stdout.startswith("Docker is there, but you may not use it (permission denied on its socket); ")
    assert "usermod -aG docker" in seen.stdout


def test_docker_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, open_folder: Path) -> None:
    """Somebody listens and says nothing: a finding after seconds, no endless wait."""
    path = open_folder / "docker.sock"
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(path))
        engine.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        found = image_finding()
    assert found
    assert found.problem.startswith("Docker doesn't answer as it should")
    assert "docker info" in found.remedy


@pytest.mark.docker
def test_image_is_there() -> None:
    """Nothing keeps a container from being started."""
    assert image_finding() is None


@pytest.mark.docker
def test_image_is_not_there() -> None:
    """A version that nobody pulled: fetch it."""
    found = image_finding("apache/kafka:0.0.1-nobody-has-this")
    assert found
    assert found.problem == "Docker answers, but hasn't got the image apache/kafka:0.0.1-nobody-has-this"
    assert "learnkafka fetch" in found.remedy
