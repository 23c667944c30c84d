"""What a notebook holds in its hands: a broker, or a cluster of several."""

from __future__ import annotations

import re
import secrets
import subprocess
from collections.abc import Callable
from typing import Any, Protocol

from learnkafka.broker.asking import ask
from learnkafka.broker.names import Names
from learnkafka.broker.tools import KafkaTool
from learnkafka.broker.topics import create_topic
from learnkafka.errors import BrokerError

FROM_OUTSIDE = "something ended it from outside"


class Server(Protocol):
    """What each kind of broker can do; the handles say it in a learner's words."""

    @property
    def kind(self) -> str:
        """`embedded`, `container` or `existing`."""

    @property
    def bootstrap_servers(self) -> str:
        """`host:port`, comma-separated."""

    def client_config(self) -> dict[str, Any]:
        """What kafka-python needs beside `bootstrap_servers`."""

    def is_alive(self) -> bool:
        """Whether it still runs, as far as this machine can tell."""

    def what_ended_it(self) -> str:
        """Of one that is dead, what is known of its end: the middle of a sentence."""

    def stop(self) -> None:
        """End it, with everything that the course made there."""

    def run_tool(self, tool: KafkaTool) -> subprocess.CompletedProcess[str]:
        """Run one of Kafka's own command-line tools against it."""

    def list_data(self, partition: str) -> dict[str, int] | None:
        """File names and sizes in the directory of a partition (`orders-0`); None where they can't be seen."""


class ServerOfSeveral(Server, Protocol):
    """Several brokers, each of which can be started and stopped."""

    def stop_broker(self, number: int) -> None: ...
    def kill_broker(self, number: int) -> None: ...
    def start_broker(self, number: int) -> None: ...


class Broker:
    """A Kafka broker that is ready: what a lesson connects to, and the names that it uses there."""

    _started_by = "start_broker"

    def __init__(self, server: Server, names: Names | None = None) -> None:
        self._server = server
        self._names = names or Names()
        self._stopped = False
        self._of_no_use_without_it: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        # No address and no kind: notebooks print this, and compare what they print.
        return f"<Kafka broker: {self._state()}>"

    def _state(self) -> str:
        if self._stopped:
            return "stopped"
        return "running" if self._server.is_alive() else "gone"

    @property
    def bootstrap_servers(self) -> str:
        """Where a client connects first, as kafka-python takes it: `"localhost:49213"`."""
        return self._server.bootstrap_servers

    def client_config(self) -> dict[str, Any]:
        """What kafka-python needs beside `bootstrap_servers`: security settings, or nothing."""
        return dict(self._server.client_config())

    @property
    def is_running(self) -> bool:
        """Whether records can be sent to it, as far as this machine can tell without asking it."""
        return not self._stopped and self._server.is_alive()

    def name(self, name: str) -> str:
        """A topic, group or transactional id under this learner's prefix; the name itself where nobody else is."""
        return self._names.full(name)

    @property
    def prefix(self) -> str:
        """What all names that `name()` and `topic()` give begin with; empty where nobody else is."""
        return self._names.prefix

    def topic(self, name: str, partitions: int = 1, replication_factor: int | None = None, **configs: object) -> str:
        """Make a topic, or make it anew when it was ours, and return its real name.

        Settings are Kafka's with `_` for `.`: `retention_ms=2000`. The replication factor is the broker's own default
        when None. Returns when every partition has a leader. Raises BrokerError with Kafka's reason when it refuses.
        """
        from kafka.errors import KafkaError

        self._make_sure_it_runs()
        for what, count in (("partitions", partitions), ("replication_factor", replication_factor)):
            if count is not None and (not isinstance(count, int) or count < 1):
                raise BrokerError(f"A topic's {what} is a whole number from 1 on; {count!r} isn't.")
        full = self.name(name)
        settings = {key.replace("_", "."): _as_text(value) for key, value in configs.items()}

        def make_anew(admin: Any) -> None:
            create_topic(
                admin,
                full,
                partitions=partitions,
                replication_factor=replication_factor,
                configs=settings,
                anew=self._names.is_ours(full),
            )

        try:
            ask(self.bootstrap_servers, self.client_config(), make_anew)
        except KafkaError as error:
            raise BrokerError(
                f"The broker didn't answer when asked for the topic {full!r} ({type(error).__name__}); "
                "start it anew with start_broker(), or run `learnkafka doctor` in a terminal."
            ) from error
        self._names.made(full)
        return full

    def tool(self, script: str, *arguments: str, text: str = "") -> str:
        """Run one of Kafka's own command-line tools, by the name of its script, and return what it prints.

        The address of the broker is added. `text` is what the tool reads, as if typed; `{data}` in an argument stands
        for the broker's data directory. Raises BrokerError with the tool's last words when it fails.
        """
        self._make_sure_it_runs()
        if script == "kafka-console-consumer.sh" and not {"--group", "--partition"} & set(arguments):
            # The tool would make up a group's name itself, outside this learner's prefix.
            arguments += ("--group", self.name(f"console-consumer-{secrets.token_hex(4)}"))
        done = self._server.run_tool(KafkaTool(script, arguments, text))
        if done.returncode != 0:
            raise BrokerError(f"{script} ended with status {done.returncode}: {_first_words(done)}.")
        return done.stdout.rstrip("\n")

    def data_files(self, topic: str, partition: int) -> dict[str, int] | None:
        """The files in which the broker keeps a partition, with their sizes in bytes; None where they can't be seen."""
        self._make_sure_it_runs()
        return self._server.list_data(f"{topic}-{partition}")

    def _make_sure_it_runs(self) -> None:
        if not self.is_running:
            state = "was stopped" if self._stopped else f"is gone: {self._server.what_ended_it()}"
            raise BrokerError(f"This broker {state}; start another with {self._started_by}().")

    def stop(self) -> None:
        """End the broker, with its members and all that it holds; on an existing cluster, delete what the course made there."""
        if not self._stopped:
            self._stopped = True
            for end in self._of_no_use_without_it:
                end()
            self._server.stop()

    def end_first(self, end: Callable[[], None]) -> None:
        """Have this called before the broker is stopped: it ends what is of no use without the broker."""
        self._of_no_use_without_it.append(end)


class Cluster(Broker):
    """Several brokers that form one cluster, numbered from 1."""

    _started_by = "start_cluster"

    def __init__(self, server: ServerOfSeveral, brokers: int) -> None:
        super().__init__(server)
        self._several = server
        self._brokers = brokers

    def __repr__(self) -> str:
        return f"<Kafka cluster of {self._brokers} brokers: {self._state()}>"

    def stop_broker(self, number: int) -> None:
        """Have one broker hand over its partitions and end; returns when it has ended."""
        self._several.stop_broker(self._checked(number))

    def kill_broker(self, number: int) -> None:
        """Kill one broker, as a power cut would; returns when it is dead, before the others have noticed."""
        self._several.kill_broker(self._checked(number))

    def start_broker(self, number: int) -> None:
        """Start one that was stopped or killed, with its data; returns when the cluster counts it as its own again."""
        self._several.start_broker(self._checked(number))

    def _checked(self, number: int) -> int:
        if self._stopped:
            self._make_sure_it_runs()
        if number not in range(1, self._brokers + 1):
            raise BrokerError(f"There is no broker {number!r} in this cluster; there are 1 to {self._brokers}.")
        return number


def _first_words(done: subprocess.CompletedProcess[str]) -> str:
    """What a tool that failed says first, without a logger's or a Java exception's name."""
    lines = [line.strip() for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
    said = re.sub(r"^(.*? ERROR [\w.$]+ - )?([\w.$]+(Exception|Error): )?", "", lines[0]) if lines else ""
    return said.rstrip(".") or "it said nothing"


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
