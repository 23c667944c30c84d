"""A run: the directory, processes and containers of one broker or Redis, which go together with the process that made it.

A run's directory is named after its owner. Its processes carry the directory in the environment variable
`LEARNKAFKA_RUN`, its containers and networks in the label `learnkafka.run`. So whoever finds the
directory can end all of it: the owner itself, the guard process when the owner has died, or, when that was killed too,
the next start on this machine.
"""

from __future__ import annotations

import atexit
import os
import platform
import secrets
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from learnkafka.errors import BrokerError
from learnkafka.lifetime import guard
from learnkafka.owner import owner_is_alive, owner_tag

ENVIRONMENT_MARK = "LEARNKAFKA_RUN"
LABEL_RUN = "learnkafka.run"
LABEL_HOST = "learnkafka.host"
_USES_DOCKER = "uses-docker"


def runs_directory() -> Path:
    """Where runs live: below the machine's temporary directory, ours alone."""
    path = Path(tempfile.gettempdir()) / f"learnkafka-{os.getuid()}"  # a user without a name may run this, too
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    # Not what a link points to: anybody may have put one there, and what has no owner in it is removed.
    seen = path.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid():
        raise BrokerError(
            f"{path} isn't a directory of yours (a link, or another user's); set TMPDIR to a directory of your own and "
            "start again."
        )
    if seen.st_mode & 0o077:
        path.chmod(0o700)
    return path


class Run:
    """Owns a fresh directory and what is started in it, until `close()` or the end of this process."""

    def __init__(self) -> None:
        sweep()
        try:
            self.path = runs_directory() / f"{owner_tag()}-{secrets.token_hex(3)}"
            self.path.mkdir(mode=0o700)
        except OSError as error:
            raise BrokerError(
                f"No directory could be made for what is to be started: {error}. Free some room, or set TMPDIR."
            ) from error
        self._owner = os.getpid()
        # A session of its own: an interrupt of the notebook's cell goes to the kernel's process group.
        self._guard = subprocess.Popen(
            [sys.executable, "-P", guard.__file__, str(self.path), str(self._owner)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        atexit.register(self.close)

    def spawn(self, arguments: list[str], log: Path, **options: Any) -> subprocess.Popen[bytes]:
        """Start a process that ends with this run; what it prints goes to the file `log`."""
        environment = {**os.environ, ENVIRONMENT_MARK: str(self.path)}
        with log.open("ab") as output:
            return subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
                **options,
            )

    def docker_labels(self) -> dict[str, str]:
        """The labels for a container or network that ends with this run."""
        (self.path / _USES_DOCKER).touch()
        return {LABEL_RUN: str(self.path), LABEL_HOST: platform.node()}

    def close(self) -> None:
        """End and remove everything; calling it again does nothing."""
        if os.getpid() != self._owner:
            return  # a forked child is not the owner
        atexit.unregister(self.close)
        remove(self.path)
        if self._guard.stdin and not self._guard.stdin.closed:
            self._guard.stdin.close()
        self._guard.wait()


def sweep() -> None:
    """End what runs left behind whose owner and guard are both gone."""
    for path in runs_directory().iterdir():
        if not owner_is_alive(path.name):
            remove(path)


def remove(path: Path) -> None:
    """End every process and container of the run, then remove its directory. Safe to call twice, or by two at once."""
    end_processes(path)
    if (path / _USES_DOCKER).exists():
        remove_containers(path)
    shutil.rmtree(path, ignore_errors=True)


def end_processes(path: Path, timeout: float = 5.0) -> None:
    """Kill the processes that carry the run's mark and wait until they are gone (at most `timeout` seconds)."""
    found = [process for process in psutil.process_iter() if _mark(process) == str(path)]
    for process in found:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    deadline = time.monotonic() + timeout
    while not all(_has_ended(process) for process in found) and time.monotonic() < deadline:
        time.sleep(0.01)


def _has_ended(process: psutil.Process) -> bool:
    # One that nobody has waited for has ended, too: waiting is up to its parent, or to the machine's first process, and a
    # container's first process may never do it.
    try:
        process.wait(timeout=0)  # what is ours isn't left to anybody
    except psutil.TimeoutExpired:
        with suppress(psutil.NoSuchProcess):
            return bool(process.status() == psutil.STATUS_ZOMBIE)
    return True


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(ENVIRONMENT_MARK)
    except (psutil.Error, OSError):
        return None  # another user's process, or one that has just ended


def remove_containers(run: Path | None = None) -> None:
    """Remove the containers and networks of the run, or, without one, of every run on this host that is over.

    Says nothing when Docker doesn't answer: then nothing of ours runs there, and the next start sweeps again.
    """
    import docker  # here, because it costs 0.2 s and most runs have no container
    from docker.errors import DockerException

    wanted = [f"{LABEL_RUN}={run}"] if run else [f"{LABEL_HOST}={platform.node()}"]
    try:
        client = docker.from_env(timeout=30)
    except DockerException:
        return
    try:
        containers = client.containers.list(all=True, filters={"label": wanted}, ignore_removed=True)
        networks = client.networks.list(filters={"label": wanted})
        for thing in [*containers, *networks]:
            labels = thing.labels if thing in containers else thing.attrs["Labels"]
            if run is None and _goes_on(Path(labels[LABEL_RUN])):
                continue
            try:
                thing.remove(**({"force": True, "v": True} if thing in containers else {}))
            except DockerException:
                continue  # gone already, or being removed by another
    except DockerException:
        return
    finally:
        client.close()


def _goes_on(run: Path) -> bool:
    # An owner that couldn't reach Docker has removed its directory, and may live on.
    return run.exists() and owner_is_alive(run.name)


def remove_thoroughly(path: Path, seconds: float = 2.0) -> None:
    """Like `remove`, and look again for a while.

    The owner may have been killed between asking for a process or a container and getting it.
    """
    uses_docker = (path / _USES_DOCKER).exists()
    deadline = time.monotonic() + seconds
    remove(path)
    while time.monotonic() < deadline:
        time.sleep(0.2)
        end_processes(path)
        if uses_docker:
            remove_containers(path)
        shutil.rmtree(path, ignore_errors=True)
