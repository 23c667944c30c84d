"""Brokers as JVMs on this machine: no Docker, no installation, gone with the kernel that started them."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from learnkafka.broker.distribution import KAFKA_VERSION, cache_directory, class_path, written_whole
from learnkafka.broker.handle import FROM_OUTSIDE
from learnkafka.broker.java import checked_java, command
from learnkafka.broker.ports import accepts, free_ports
from learnkafka.broker.ready import wait_for_round_trip, wait_until_counted
from learnkafka.broker.settings import CLUSTER_ID, as_properties, broker_settings
from learnkafka.broker.tools import KafkaTool, main_class
from learnkafka.errors import BrokerError
from learnkafka.lifetime import Run

ATTEMPTS = 3
START_SECONDS = 90  # a cold, slow laptop; where this was measured it takes less than 1
STOP_SECONDS = 30
ROOM = 64 * 2**20  # bytes that a broker needs to start and take a lesson's records
NO_ROOM = 2**20
FULL = "No space left"  # what every system says of a full disk, and the broker's log with it

Adjust = Callable[["Node"], Mapping[str, str]]
"""Gives settings for a node that replace ours: a test's TLS listener, say."""


@dataclass
class Node:
    """One JVM: broker and controller at once."""

    id: int
    port: int
    controller_port: int
    directory: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def log(self) -> Path:
        return self.directory / "broker.log"

    @property
    def properties(self) -> Path:
        return self.directory / "server.properties"

    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End its process, where there is one, and wait for that."""
        if self.process:
            self.process.kill()
            self.process.wait()

    def said(self) -> str:
        """The log of its process."""
        try:
            return self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def found_port_taken(self) -> bool:
        said = self.said()
        return "java.net.BindException" in said or "Address already in use" in said

    def listens(self) -> bool:
        """Whether our own process listens on the port: somebody else's may, if they took it first."""
        if self.process is None or not accepts(self.port):  # asked first: a look at all its connections takes 5 ms
            return False
        try:
            sockets = psutil.Process(self.process.pid).net_connections(kind="tcp")
        except psutil.Error:
            return False
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == self.port for one in sockets)


class PortTakenError(Exception):
    """Somebody took a port between our choosing it and the broker's binding it."""


class EmbeddedServer:
    """One or several brokers that form one cluster."""

    kind = "embedded"

    def __init__(self, brokers: int = 1, adjust: Adjust | None = None, train: Path | None = None) -> None:
        self._java = checked_java()
        self._class_path = class_path()
        self._adjust = adjust
        self._train = train
        self._run = Run()
        self.nodes: dict[int, Node] = {}
        try:
            self._make_sure_of_room()
            self._start_all(brokers)
        except OSError as error:
            self.stop()
            raise BrokerError(
                f"The broker's directory could not be written: {error}. Free some room, or set TMPDIR."
            ) from error
        except BaseException:
            self.stop()
            raise

    @property
    def bootstrap_servers(self) -> str:
        return ",".join(f"localhost:{node.port}" for node in self.nodes.values())

    def client_config(self) -> dict[str, object]:
        return {}

    def is_alive(self) -> bool:
        return any(node.runs() for node in self.nodes.values())

    def what_ended_it(self) -> str:
        if any(map(self._found_disk_full, self.nodes.values())):
            return "it found the disk full; free some room, or set TMPDIR to a directory on another disk"
        return FROM_OUTSIDE

    def stop(self) -> None:
        """At once: what these brokers hold goes with them."""
        self._run.close()
        for node in self.nodes.values():
            if node.process:
                node.process.wait()

    def _make_sure_of_room(self) -> None:
        free = shutil.disk_usage(self._run.path).free
        if free < ROOM:
            raise BrokerError(
                f"There is too little room for a broker in {self._run.path.parent}: {free // 2**20} MB free, "
                f"{ROOM // 2**20} MB needed. Free some, or set TMPDIR to a directory on another disk."
            )

    def _start_all(self, brokers: int) -> None:
        formatted = formatted_directory(self._java, self._class_path)
        for attempt in range(1, ATTEMPTS + 1):
            ports = free_ports(2 * brokers)
            self.nodes = {
                number: Node(number, ports[2 * number - 2], ports[2 * number - 1], self._run.path / f"broker-{number}")
                for number in range(1, brokers + 1)
            }
            for node in self.nodes.values():
                self._lay_out(node, formatted)
                self._spawn(node)
            try:
                for node in self.nodes.values():
                    self._wait_until_it_listens(node, list(self.nodes.values()))
                break
            except PortTakenError:
                self._end_attempt()
                if attempt == ATTEMPTS:
                    hit = next(node for node in self.nodes.values() if node.found_port_taken())
                    raise BrokerError(
                        f"The broker found its ports taken {ATTEMPTS} times in a row: another program takes ports as "
                        f"fast as they are chosen. Try again. The broker's log ends:\n{self._log_tail(hit)}"
                    ) from None
        wait_for_round_trip(self.bootstrap_servers, {}, brokers, START_SECONDS, self._explain_if_dead)
        if brokers > 1:  # what one broker knows, another may learn a moment later
            for node in self.nodes.values():
                wait_until_counted(set(self.nodes), f"localhost:{node.port}", START_SECONDS)

    def _end_attempt(self) -> None:
        for node in self.nodes.values():
            node.kill()
            shutil.rmtree(node.data)

    def _lay_out(self, node: Node, formatted: Path) -> None:
        shutil.copytree(formatted, node.data)
        meta = [
            line
            for line in (formatted / "meta.properties").read_text(encoding="utf-8").splitlines()
            if not line.startswith(("#", "node.id=", "directory.id="))
        ]
        (node.data / "meta.properties").write_text("\n".join([*meta, f"node.id={node.id}", ""]), encoding="utf-8")
        (node.directory / "scratch").mkdir(exist_ok=True)
        settings = node_settings(node, list(self.nodes.values())) | dict(self._adjust(node) if self._adjust else {})
        node.properties.write_text(as_properties(settings), encoding="utf-8")

    def _spawn(self, node: Node) -> None:
        java = command(self._java, self._class_path, scratch=node.directory / "scratch", train=self._train)
        node.log.unlink(missing_ok=True)  # what it says is read as this process's own
        node.process = self._run.spawn([*java, "kafka.Kafka", str(node.properties)], log=node.log)

    def _wait_until_it_listens(self, node: Node, watched: list[Node]) -> None:
        """Raise when any of those watched has failed: two nodes can't do without each other while they start."""
        deadline = time.monotonic() + START_SECONDS
        while not node.listens():
            for one in watched:
                self._explain_if_dead(one)
                if one.found_port_taken():  # seen: it then takes up to a minute to end
                    raise PortTakenError
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"The broker didn't listen within {START_SECONDS} s. Its log ends:\n{self._log_tail(node)}"
                )
            time.sleep(0.01)

    def _explain_if_dead(self, only: Node | None = None) -> None:
        """Raise when a broker has ended by itself, with what its log says of it."""
        for node in [only] if only else self.nodes.values():
            runs = node.runs()  # before its log is read, which is complete when it has ended
            if FULL in node.said() or (
                not runs and self._found_disk_full(node)
            ):  # it may go on for a minute without its disk
                raise BrokerError(
                    "The broker found the disk full: free some room, or set TMPDIR to a directory on another disk. "
                    f"Its log ends:\n{self._log_tail(node)}"
                )
            if runs:
                continue
            if node.found_port_taken():
                raise PortTakenError
            status = node.process.returncode if node.process else "unknown"
            raise BrokerError(f"The broker ended by itself (status {status}). Its log ends:\n{self._log_tail(node)}")

    def _found_disk_full(self, node: Node) -> bool:
        """Whether its log says so; there may have been no room for that."""
        if FULL in node.said():
            return True
        try:
            return shutil.disk_usage(self._run.path).free < NO_ROOM
        except OSError:
            return False  # the directory is gone, too

    def _log_tail(self, node: Node, lines: int = 15) -> str:
        """The log's last lines, without Java's own warnings and those that say where in Kafka's source it was."""
        said = node.said().splitlines()
        return "\n".join([line for line in said if not line.startswith(("\tat ", "WARNING: "))][-lines:]) or "(no log)"

    # One broker of several.

    def stop_broker(self, number: int) -> None:
        """Ask it to hand over its partitions and end (SIGTERM); kill it when that takes longer than 30 s."""
        process = self._running(number)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill_broker(self, number: int) -> None:
        process = self._running(number)
        process.kill()
        process.wait()

    def start_broker(self, number: int) -> None:
        node = self.nodes[number]
        if node.runs():
            return
        self._spawn(node)
        try:
            self._wait_until_it_listens(node, [node])
        except PortTakenError:
            node.kill()
            raise BrokerError(
                f"Port {node.port} of broker {number} was taken while it was away; start the cluster anew."
            ) from None
        wait_until_counted({number}, f"localhost:{node.port}", START_SECONDS)

    def _running(self, number: int) -> subprocess.Popen[bytes]:
        process = self.nodes[number].process
        if process is None or process.poll() is not None:
            raise BrokerError(f"Broker {number} isn't running; start it with cluster.start_broker({number}).")
        return process

    # What else a lesson looks at.

    def run_tool(self, tool: KafkaTool) -> subprocess.CompletedProcess[str]:
        """Run one of Kafka's own command-line tools, in a JVM that starts from the brokers' cache."""
        node = next(iter(self.nodes.values()))
        java = command(self._java, self._class_path, scratch=node.directory / "scratch")
        return tool.run([*java, main_class(tool.script)], self.bootstrap_servers, node.data)

    def list_data(self, partition: str) -> dict[str, int] | None:
        """The files of one partition on the first broker that has it, with sizes in bytes; {} where none has."""
        for node in self.nodes.values():
            directory = node.data / partition
            if directory.is_dir():
                return {path.name: path.stat().st_size for path in sorted(directory.iterdir())}
        return {}

    def memory(self) -> int:
        """Bytes of memory that the brokers have in use (resident)."""
        return sum(psutil.Process(node.process.pid).memory_info().rss for node in self.nodes.values() if node.process)

    def finish_training(self, seconds: float) -> None:
        """End the only broker in an orderly way, whereupon it writes its ahead-of-time cache."""
        process = self._running(1)
        process.send_signal(signal.SIGTERM)
        process.wait(seconds)


def node_settings(node: Node, all_nodes: list[Node]) -> dict[str, str]:
    """What goes into the node's `server.properties`; everything is bound to the loopback interface."""
    return broker_settings(
        node_id=node.id,
        brokers=len(all_nodes),
        voters=",".join(f"{one.id}@127.0.0.1:{one.controller_port}" for one in all_nodes),
        listeners=f"PLAINTEXT://127.0.0.1:{node.port},CONTROLLER://127.0.0.1:{node.controller_port}",
        advertised=f"PLAINTEXT://localhost:{node.port}",
        between_brokers="PLAINTEXT",
        data_directory=str(node.data),
    )


def formatted_directory(java: Path, jars: list[Path]) -> Path:
    """A data directory as Kafka's own tool formats it, made once and kept: a start copies it (0.9 s saved)."""
    path = cache_directory() / f"formatted-{KAFKA_VERSION}"
    if not (path / "meta.properties").exists():
        with written_whole(path) as draft:
            draft.mkdir()
            node = Node(1, 1, 2, draft)
            node.properties.write_text(
                as_properties(node_settings(node, [node]) | {"log.dirs": str(draft / "data")}), encoding="utf-8"
            )
            # Without the cache: a start of many seconds' use is what that is made from.
            java_command = command(java, jars, scratch=draft)
            arguments = ["format", "--cluster-id", CLUSTER_ID, "--config", str(node.properties)]
            tried = subprocess.run(
                [*java_command, "kafka.tools.StorageTool", *arguments],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            if tried.returncode != 0:
                raise BrokerError(
                    f"Kafka's tool could not format a data directory: {(tried.stderr or tried.stdout)[-500:]}"
                )
            for file in (draft / "data").iterdir():
                file.rename(draft / file.name)
            (draft / "data").rmdir()
            node.properties.unlink()
    return path
