"""Brokers as containers of the official image, through testcontainers."""

from __future__ import annotations

import subprocess
import time
from typing import Any

from docker.errors import APIError, DockerException, NotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.network import Network

from learnkafka.broker.engine import docker_answers, make_sure_of_image
from learnkafka.broker.handle import FROM_OUTSIDE
from learnkafka.broker.image import IMAGE
from learnkafka.broker.ports import accepts, free_ports
from learnkafka.broker.ready import wait_for_round_trip, wait_until_counted
from learnkafka.broker.settings import container_environment
from learnkafka.broker.tools import TOOL_SECONDS, WITHOUT_BROKER, KafkaTool, main_class
from learnkafka.errors import BrokerError
from learnkafka.lifetime import Run
from learnkafka.lifetime.run import remove_containers

ATTEMPTS = 3
START_SECONDS = 90
STOP_SECONDS = 30
REACHABLE_SECONDS = 30
DATA = "/var/lib/kafka/data"
OTHERWISE = 'use start_broker(kind="embedded")'

# testcontainers' own reaper leaks (testcontainers-python#1093, #1114); our guard and labels do its work.
testcontainers_config.ryuk_disabled = True


class KafkaContainer(DockerContainer):
    """One broker; testcontainers' own class of this name starts another image, with ZooKeeper."""

    def __init__(self, number: int, ports: list[int], network: Network | None, labels: dict[str, str]) -> None:
        port = ports[number - 1]
        environment = container_environment(number, len(ports), port, DATA)
        super().__init__(IMAGE, env=environment, labels=labels, hostname=f"kafka-{number}")
        # To the loopback interface only, under the number that the broker advertises.
        self.ports = {f"{port}/tcp": ("127.0.0.1", port)}  # type: ignore[dict-item]
        if network:
            self.with_network(network).with_network_aliases(f"kafka-{number}")


class ContainerServer:
    """One or several brokers that form one cluster."""

    kind = "container"

    def __init__(self, brokers: int = 1) -> None:
        make_sure_of_image(IMAGE, OTHERWISE)
        remove_containers()  # those whose owners are gone
        self._run = Run()
        self._containers: dict[int, KafkaContainer] = {}
        self._ports: list[int] = []
        try:
            with docker_answers(OTHERWISE):
                self._start_all(brokers)
        except BaseException:
            self.stop()
            raise

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"localhost:{port}" for port in self._ports)

    def client_config(self) -> dict[str, Any]:
        return {}

    def is_alive(self) -> bool:
        return any(self._is_running(number) for number in self._containers)

    def what_ended_it(self) -> str:
        return FROM_OUTSIDE

    def stop(self) -> None:
        """At once: what these brokers hold goes with them."""
        self._run.close()

    def _start_all(self, brokers: int) -> None:
        labels = self._run.docker_labels()
        network = Network(docker_network_kw={"labels": labels}).create() if brokers > 1 else None
        for attempt in range(1, ATTEMPTS + 1):
            self._ports = free_ports(brokers)
            self._containers = {
                number: KafkaContainer(number, self._ports, network, labels) for number in range(1, brokers + 1)
            }
            try:
                for container in self._containers.values():
                    container.start()
                break
            except APIError as error:
                for container in self._containers.values():
                    container.stop()
                if not _is_port_taken(error):
                    raise
                if attempt == ATTEMPTS:
                    raise BrokerError(
                        f"Docker found the broker's ports taken {ATTEMPTS} times in a row: another program takes ports "
                        f"as fast as they are chosen. Try again. Docker says: {error.explanation}"
                    ) from error
        self._begun = time.monotonic()
        wait_for_round_trip(self.bootstrap_servers, {}, brokers, START_SECONDS, self._explain_if_dead)
        if brokers > 1:  # what one broker knows, another may learn a moment later
            for port in self._ports:
                wait_until_counted(set(self._containers), f"localhost:{port}", START_SECONDS)

    def _explain_if_dead(self) -> None:
        with docker_answers(OTHERWISE):
            for number, container in self._containers.items():
                if not self._is_running(number, ask=True):
                    log = container.get_wrapped_container().logs(tail=15).decode(errors="replace")
                    raise BrokerError(f"The broker's container ended by itself. Its log ends:\n{log}")
        # Not at once: some engines publish a port only when somebody listens behind it.
        if time.monotonic() > self._begun + REACHABLE_SECONDS and not any(accepts(port) for port in self._ports):
            raise BrokerError(
                "The broker's container runs, but the port that Docker published can't be reached from here (is this a "
                'container itself?); use start_broker(kind="embedded").'
            )

    def _is_running(self, number: int, ask: bool = False) -> bool:
        container = self._containers[number].get_wrapped_container()
        try:
            container.reload()
        except NotFound:
            return False
        except (DockerException, OSError):
            if ask:
                raise
            return False
        return bool(container.status == "running")

    # One broker of several.

    def stop_broker(self, number: int) -> None:
        with docker_answers(OTHERWISE):
            self._running(number).stop(timeout=STOP_SECONDS)

    def kill_broker(self, number: int) -> None:
        with docker_answers(OTHERWISE):
            container = self._running(number)
            container.kill()
            container.wait(timeout=STOP_SECONDS)

    def start_broker(self, number: int) -> None:
        if self._is_running(number):
            return
        with docker_answers(OTHERWISE):
            self._containers[number].get_wrapped_container().start()
        wait_until_counted({number}, f"localhost:{self._ports[number - 1]}", START_SECONDS)

    def _running(self, number: int) -> Any:
        if not self._is_running(number, ask=True):
            raise BrokerError(f"Broker {number} isn't running; start it with cluster.start_broker({number}).")
        return self._containers[number].get_wrapped_container()

    # What else a lesson looks at.

    def run_tool(self, tool: KafkaTool) -> subprocess.CompletedProcess[str]:
        """Run the script of that name inside the container of the first broker that runs."""
        main_class(tool.script)
        number = next(filter(self._is_running, self._containers), 1)
        arguments = [argument.replace("{data}", DATA) for argument in tool.arguments]
        if tool.script not in WITHOUT_BROKER:
            arguments = ["--bootstrap-server", f"kafka-{number}:19092", *arguments]
        # Docker's exec has neither a time limit nor an easy standard input.
        piped = ["bash", "-c", 'printf %s "$LEARNKAFKA_TEXT" | exec timeout "$0" "$@"', str(TOOL_SECONDS)]
        with docker_answers(OTHERWISE):
            done = (
                self._containers[number]
                .get_wrapped_container()
                .exec_run(
                    [*piped, f"/opt/kafka/bin/{tool.script}", *arguments],
                    environment={"LEARNKAFKA_TEXT": tool.text},
                    demux=True,
                )
            )
        stdout, stderr = ((part or b"").decode(errors="replace") for part in done.output)
        return subprocess.CompletedProcess([tool.script, *arguments], done.exit_code, stdout, stderr)

    def list_data(self, partition: str) -> dict[str, int] | None:
        for number in filter(self._is_running, self._containers):
            command = ["bash", "-c", 'cd "$0" 2>/dev/null && stat -c "%s %n" *', f"{DATA}/{partition}"]
            with docker_answers(OTHERWISE):
                done = self._containers[number].get_wrapped_container().exec_run(command)
            if done.exit_code == 0:
                rows = (line.split(" ", 1) for line in done.output.decode().splitlines())
                return {name: int(size) for size, name in sorted(rows, key=lambda row: row[1])}
        return {}


def _is_port_taken(error: APIError) -> bool:
    text = str(error.explanation or error)
    return "port is already allocated" in text or "address already in use" in text
