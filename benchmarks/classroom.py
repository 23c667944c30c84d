"""A class at work: one cluster with passwords and rights, and learners who do their labs on it, all at once.

The cluster is what a school would run, three brokers with SCRAM and an authorizer, on this machine. Each learner is a process with an own kernel.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.figures import Figure
from learnkafka.broker.embedded import EmbeddedServer
from learnkafka.broker.ports import free_ports
from learnkafka.classroom import add_learners, read_entry

COURSE = Path(__file__).parents[1]
TEACHER = "teacher"
MECHANISM = "SCRAM-SHA-512"
LABS = ("01-why-publish-subscribe", "04-keyed-partitions", "05-consumer-groups", "10-idempotent-replay")
SIZES = (5, 15, 30)
BOUND = 15 * 60  # seconds, for the largest class on two cores
# A school's brokers have a machine of their own; here they share it, and come first: otherwise thirty learners starve them.
LESS_URGENT = ("nice", "-n", "19")
MOST_URGENT = "-20"
PATIENCE = 30 * 60  # seconds; then the run has failed


@dataclass
class ClassCluster:
    """Three brokers; learners come in through the listener LEARNERS, as the teacher does."""

    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    ports: dict[int, int] = field(default_factory=dict)

    @contextmanager
    def running(self) -> Iterator[ClassCluster]:
        """From its start to its end."""
        from kafka import KafkaAdminClient
        from kafka.admin import UserScramCredentialUpsertion

        server = EmbeddedServer(brokers=3, adjust=self._settings)
        try:
            for node in server.nodes.values():
                if node.process:
                    _put_first(node.process.pid)
            with KafkaAdminClient(bootstrap_servers=server.bootstrap_servers) as admin:
                admin.alter_user_scram_credentials([UserScramCredentialUpsertion(TEACHER, MECHANISM, self.password)])
            self.inside = server.bootstrap_servers
            yield self
        finally:
            server.stop()

    def environment(self) -> dict[str, str]:
        """The teacher's."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": ",".join(f"localhost:{port}" for port in self.ports.values()),
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_SASL_MECHANISM": MECHANISM,
            "KAFKA_SASL_USERNAME": TEACHER,
            "KAFKA_SASL_PASSWORD": self.password,
        }

    def _settings(self, node: Any) -> Mapping[str, str]:
        (self.ports[node.id],) = free_ports(1)
        return {
            "listeners": f"PLAINTEXT://127.0.0.1:{node.port},LEARNERS://127.0.0.1:{self.ports[node.id]},CONTROLLER://127.0.0.1:{node.controller_port}",
            "advertised.listeners": f"PLAINTEXT://localhost:{node.port},LEARNERS://localhost:{self.ports[node.id]}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LEARNERS:SASL_PLAINTEXT",
            "sasl.enabled.mechanisms": MECHANISM,
            f"listener.name.learners.{MECHANISM.lower()}.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:ANONYMOUS;User:{TEACHER}",  # the brokers know each other without a password
        }


def _put_first(pid: int) -> None:
    """Let the process's session come before all others, where Linux shares the processor out among sessions.

    Each kernel and each broker is a session of its own, and then a nice value only counts within it (sched(7),
    "The autogroup feature"). Needs root; without it a large class may fail for want of a broker.
    """
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(MOST_URGENT, encoding="ascii")


@dataclass(frozen=True)
class Outcome:
    """How one learner fared: the checks' verdicts by lab, in their order, and the seconds from the start to the last."""

    name: str
    verdicts: dict[str, list[str]]
    seconds: float
    said: str

    @property
    def failed(self) -> list[str]:
        """What didn't pass; a lab that broke off counts too."""
        wrong = [
            f"{self.name}, lab {lab}: {one}"
            for lab, verdicts in self.verdicts.items()
            for one in verdicts or ["no check"]
            if ": passed" not in one.splitlines()[0]
        ]
        return wrong + ([f"{self.name}: {self.said[-2000:]}"] if self.said else [])


def attend(
    names: Sequence[str], folder: Path, scratch: Path, labs: Sequence[str] = LABS, redis: str | None = None
) -> list[Outcome]:
    """Have them all do the labs, each in their own order of the day, and wait for the last."""
    began = time.perf_counter()
    at_work = {}
    for name in names:
        own = scratch / name
        own.mkdir(parents=True)
        entry = read_entry(folder / f"{name}.env").variables
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("KAFKA_", "LEARNKAFKA_"))}
        environment |= entry | {"LEARNKAFKA_PROGRESS": str(own / "progress.json"), "XDG_STATE_HOME": str(own / "state")}
        environment |= {"REDIS_URL": redis} if redis else {}
        with (own / "said.txt").open("wb") as said:
            at_work[name] = subprocess.Popen(
                [*LESS_URGENT, sys.executable, "-m", "benchmarks.learner", str(own / "outcome.json"), *labs],
                env=environment,
                cwd=COURSE,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
    try:
        for process in at_work.values():
            process.wait(max(1.0, PATIENCE - (time.perf_counter() - began)))
    finally:
        for process in at_work.values():
            process.kill()
            process.wait()
    outcomes = []
    for name, process in at_work.items():
        file = scratch / name / "outcome.json"
        seconds, verdicts = json.loads(file.read_text(encoding="utf-8")) if file.exists() else (0.0, {})
        last_words = (scratch / name / "said.txt").read_text(encoding="utf-8") if process.returncode else ""
        outcomes.append(Outcome(name, verdicts, seconds, last_words))
    return outcomes


def measure(rounds: int) -> Iterator[Figure]:
    """Classes of each size, once: a round of the largest takes minutes. Ends with RuntimeError at the first in which a check failed."""
    for size in SIZES:
        with TemporaryDirectory() as scratch, ClassCluster().running() as cluster:
            os.environ |= cluster.environment()
            folder = Path(scratch) / "class"
            names = [f"learner{number:02}" for number in range(1, size + 1)]
            try:
                add_learners(names, folder)
            finally:
                for variable in cluster.environment():
                    del os.environ[variable]
            outcomes = attend(names, folder, Path(scratch) / "at-work")
        if failed := [one for outcome in outcomes for one in outcome.failed]:
            raise RuntimeError(f"in a class of {size} there failed:\n" + "\n".join(failed))
        seconds = [outcome.seconds for outcome in outcomes]
        yield Figure(
            f"labs {', '.join(lab[:2] for lab in LABS)} for {size} learners at once, each learner", "s", seconds
        )
        yield Figure(
            f"the same, until the last of {size} is done", "s", [max(seconds)], BOUND if size == max(SIZES) else None
        )
