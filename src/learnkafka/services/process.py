"""A Redis as a process on this machine, from a program on PATH or from the wheel; gone with the kernel that started it."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from learnkafka.broker.ports import free_ports
from learnkafka.errors import ServiceError
from learnkafka.lifetime import Run
from learnkafka.services.ready import wait_for_answer

if TYPE_CHECKING:
    from learnkafka.services.programs import Program

ATTEMPTS = 3
START_SECONDS = 30  # a slow laptop; where this was measured it takes 0.05


class PortTakenError(Exception):
    """Somebody took the port between our choosing it and the server's binding it."""


class ProcessRedis:
    """One server, on the loopback interface, with a password of its own, that keeps nothing."""

    prefix = ""

    def __init__(self, kind: str, program: Program) -> None:
        self.kind = kind
        self._program = program
        self._password = secrets.token_hex(16)
        self._run = Run()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        try:
            self._start()
        except OSError as error:
            self.stop()
            raise ServiceError(
                f"{program.path.name} could not be started: {error}. Free some room, or set TMPDIR."
            ) from error
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """At once: what it holds goes with it."""
        self._run.close()
        if self._process:
            self._process.wait()

    def _start(self) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            (self._port,) = free_ports(1)
            self._log.unlink(missing_ok=True)  # what it says is read as this process's own
            configuration = self._run.path / "redis.conf"
            configuration.write_text(settings(self._port, self._password), encoding="utf-8")
            self._process = self._run.spawn(
                [str(self._program.path), configuration.name], log=self._log, cwd=self._run.path
            )
            try:
                wait_for_answer(self.url, START_SECONDS, self._explain_if_dead)
                return
            except PortTakenError:
                if attempt == ATTEMPTS:
                    raise ServiceError(
                        f"{self._program.path.name} found its port taken {ATTEMPTS} times in a row: another program takes "
                        f"ports as fast as they are chosen. Try again. Its log ends:\n{self._log_tail()}"
                    ) from None

    @property
    def _log(self) -> Path:
        return self._run.path / "redis.log"

    def _explain_if_dead(self) -> None:
        if self._process is None or self._process.poll() is None:
            return
        said = self._log_tail()
        if "Address already in use" in said:
            raise PortTakenError
        other = "server" if self.kind == "wheel" else "wheel"
        raise ServiceError(
            f"{self._program.path} ended by itself (status {self._process.returncode}); "
            f'use start_redis(kind="{other}"). Its log ends:\n{said}'
        )

    def _log_tail(self, lines: int = 15) -> str:
        try:
            said = self._log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            said = ""
        return "\n".join(said.splitlines()[-lines:]) or "(no log)"


def settings(port: int, password: str) -> str:
    """The server's configuration. It runs in its own directory, of which no path is named."""
    return "\n".join(
        [
            f"port {port}",
            "bind 127.0.0.1",
            "protected-mode yes",
            f"requirepass {password}",
            'save ""',
            "appendonly no",
            "daemonize no",
            'logfile ""',
            # Its environment, with the mark of its run, stays readable.
            "set-proc-title no",
            "",
        ]
    )
