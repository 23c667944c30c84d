"""A cluster that exists already: used under the learner's prefix, and left as it was found."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from learnkafka.broker import environment
from learnkafka.broker.asking import Answer, ask
from learnkafka.broker.distribution import class_path
from learnkafka.broker.groups import delete_groups
from learnkafka.broker.handle import FROM_OUTSIDE
from learnkafka.broker.java import checked_java, command
from learnkafka.broker.ledger import Ledger, ledgers, ledgers_lock, read_ledger
from learnkafka.broker.names import Names, checked_name, learner_prefix
from learnkafka.broker.probe import probe
from learnkafka.broker.settings import as_properties
from learnkafka.broker.tools import WITHOUT_BROKER, KafkaTool, main_class
from learnkafka.broker.topics import delete_topics
from learnkafka.errors import BrokerError

CONNECT_MS = 10_000
# How long to try for groups whose members come back: while somebody waits, and where nobody does.
GROUPS_SECONDS = 5
LEAVING_SECONDS = 60


class SharedNames(Names):
    """Names under the learner's prefix. Ours are those that we gave out, but for those that were there before.

    What was there before is asked for again before it is called foreign: what an earlier lesson has just deleted, one
    broker may still name when another has forgotten it.
    """

    def __init__(self, prefix: str, ledger: Ledger, foreign: set[str], is_there: Callable[[str], bool]) -> None:
        self.prefix = prefix
        self._ledger = ledger
        self._foreign = foreign
        self._is_there = is_there

    def full(self, name: str) -> str:
        full = super().full(self.prefix + checked_name(name))
        if full in self._foreign and not self._is_there(full):
            self._foreign.remove(full)
        if full not in self._foreign:
            self._write_down(full)
        return full

    def made(self, full: str) -> None:
        self._foreign.discard(full)
        self._write_down(full)

    def is_ours(self, full: str) -> bool:
        return full in self._ledger.names

    def _write_down(self, full: str) -> None:
        if full not in self._ledger.names:
            with ledgers_lock():
                self._ledger.names.append(full)
                self._ledger.save()


class ExistingServer:
    """The cluster at `KAFKA_BOOTSTRAP_SERVERS`."""

    kind = "existing"

    def __init__(self) -> None:
        self.bootstrap_servers = environment.bootstrap_servers()
        self._config = environment.client_config()
        if finding := probe(self.bootstrap_servers, self._config):  # it knows sooner than kafka-python, and why
            raise BrokerError(f"The cluster can't be used: {finding}")
        ours: set[str] = set()  # what was ours when we first asked: asked again, the ledgers may be gone
        foreign = self._ask(lambda admin: self._look_around(admin, ours))
        self._ledger = Ledger(self._cluster_id)
        self.names = SharedNames(learner_prefix(), self._ledger, foreign, self._is_there)
        self._owner = os.getpid()
        self._variables = environment.variables()
        atexit.register(self._leave)

    def _look_around(self, admin: Any, ours: set[str]) -> set[str]:
        """Clear away what earlier connections left, add what they had named to `ours`, and return all other names."""
        cluster = admin.describe_cluster()
        self._cluster_id = str(cluster["cluster_id"])
        self.brokers = len(cluster["brokers"])
        with ledgers_lock():
            found = ledgers(self._cluster_id)
        ours |= {name for ledger in found for name in ledger.names}
        for ledger in found:
            if ledger.is_orphaned():
                delete_what_we_made(admin, ledger, GROUPS_SECONDS)
        return _names(admin) - ours

    def _is_there(self, name: str) -> bool:
        return self._ask(lambda admin: name in _names(admin))

    def _ask(self, question: Callable[[Any], Answer]) -> Answer:
        from kafka.errors import KafkaError

        try:
            return ask(self.bootstrap_servers, self._config, question, bootstrap_timeout_ms=CONNECT_MS)
        except (KafkaError, OSError, ValueError) as error:
            finding = probe(self.bootstrap_servers, self._config)
            reason = finding or f"{type(error).__name__}; run `learnkafka doctor` in a terminal."
            raise BrokerError(f"The cluster can't be used: {reason}") from error

    def client_config(self) -> dict[str, Any]:
        return dict(self._config)

    def is_alive(self) -> bool:
        return True  # only asking it would tell, and that may take long

    def what_ended_it(self) -> str:
        return FROM_OUTSIDE

    def stop(self) -> None:
        """Delete the topics and groups that the course made here; the cluster itself goes on.

        A group that a consumer in this kernel keeps open goes with the kernel.
        """
        self._ask(lambda admin: delete_what_we_made(admin, self._ledger, GROUPS_SECONDS))
        if not self._ledger.names:
            atexit.unregister(self._leave)

    def _leave(self) -> None:
        """At this process's exit, have another one delete: Python starts no more threads now, and a client needs one."""
        if os.getpid() == self._owner and self._ledger.names:
            subprocess.Popen(
                [sys.executable, "-P", "-m", "learnkafka.broker.existing", str(self._ledger.path)],
                env=os.environ | self._variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def run_tool(self, tool: KafkaTool) -> subprocess.CompletedProcess[str]:
        """Run the tool in a JVM of our own; what needs the broker's disk can't be run."""
        if tool.script in WITHOUT_BROKER:
            raise BrokerError(
                f"{tool.script} reads the broker's own disk, which can't be seen on a cluster that exists already; "
                'use start_broker(kind="embedded") for this.'
            )
        with tempfile.TemporaryDirectory() as scratch:
            config = Path(scratch) / "client.properties"  # the directory can be read by its owner only
            config.write_text(as_properties(environment.java_properties(self._config)), encoding="utf-8")
            java = command(checked_java(), class_path(), scratch=Path(scratch))
            return tool.run([*java, main_class(tool.script)], self.bootstrap_servers, None, config)

    def list_data(self, partition: str) -> dict[str, int] | None:
        return None


def delete_what_we_made(admin: Any, ledger: Ledger, seconds: float) -> None:
    """Delete the topics and the groups that bear the ledger's names, and that no other connection uses."""

    def ours() -> set[str]:
        """What is left to others is theirs from now on: two that leave at once would each leave it to the other."""
        others = (one for one in ledgers(ledger.cluster) if one.path != ledger.path and not one.is_orphaned())
        theirs = {name for other in others for name in other.names}
        if not theirs.isdisjoint(ledger.names):
            ledger.names = [name for name in ledger.names if name not in theirs]
            ledger.save()
        return set(ledger.names)

    def our_groups() -> set[str]:
        with ledgers_lock():
            return ours()

    with ledgers_lock():  # until they are deleted: who names one of them now means a new one
        topics = delete_topics(admin, ours())
    groups = delete_groups(admin, our_groups, seconds)
    with ledgers_lock():
        ledger.names = sorted({*topics, *groups})
        if ledger.names:
            ledger.save()
        else:
            ledger.discard()


def _names(admin: Any) -> set[str]:
    return set(admin.list_topics()) | {group["group_id"] for group in admin.list_groups()}


def main(path: Path) -> None:
    """Delete what is in the ledger: run at the exit of its owner, with the owner's environment."""
    with ledgers_lock():
        ledger = read_ledger(path)
        if ledger is None or not ledger.take_over():
            return
    ask(
        environment.bootstrap_servers(),
        environment.client_config(),
        lambda admin: delete_what_we_made(admin, ledger, LEAVING_SECONDS),
        bootstrap_timeout_ms=CONNECT_MS,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
