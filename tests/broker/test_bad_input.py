"""Bad input, in a real Jupyter kernel: one sentence that says what was expected, and nothing else on the screen."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from jupyter_client.manager import start_new_kernel

NOBODY = "127.0.0.1:1"


@dataclass
class Shown:
    """What a cell shows."""

    stdout: str
    stderr: str
    error: list[str]  # the traceback as a notebook would show it

    def sentence(self, pattern: str) -> str:
        """The error as the one sentence it should be."""
        assert self.stderr == ""
        assert self.stdout == ""
        assert len(self.error) == 1, "\n".join(self.error)
        text = self.error[0]
        assert re.search(pattern, text), text
        assert text.startswith(("BrokerError: ", "NameRefusedError: ", "ServiceError: "))
        assert text.endswith((".", "…"))
        for foreign in ("\n", "Traceback", "kafka.errors", "Error(", "\x1b"):
            assert foreign not in text
        return text


Run = Callable[..., Shown]


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Runs cells in one kernel, which holds an embedded broker under the name `broker`."""
    folder = tmp_path_factory.mktemp("kernel")
    ours = ("KAFKA_", "LEARNKAFKA_", "REDIS_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    with (folder / "stderr").open("wb") as log:
        manager, client = start_new_kernel(
            env=clean | {"XDG_STATE_HOME": str(folder)}, stderr=log, extra_arguments=["--log-level=ERROR"]
        )
    try:
        run = cell_runner(client)
        prepared = run(
            "import os; from learnkafka import start_broker, start_cluster, start_redis\n"
            "broker = start_broker('embedded'); print(broker)"
        )
        assert prepared == Shown("<Kafka broker: running>\n", "", [])
        yield run
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    assert (folder / "stderr").read_text() == ""


def cell_runner(client: Any) -> Run:
    def run(code: str, **environment: str) -> Shown:
        shown = Shown("", "", [])

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                setattr(shown, content["name"], getattr(shown, content["name"]) + content["text"])
            elif message["msg_type"] == "error":
                shown.error = content["traceback"]
            elif message["msg_type"] == "execute_result":
                shown.stdout += content["data"]["text/plain"]

        setting = f"os.environ.update({environment!r})\n" if environment else ""
        client.execute_interactive(setting + code, timeout=100, output_hook=hear, allow_stdin=False)
        if environment:
            client.execute_interactive(f"for name in {list(environment)!r}: del os.environ[name]", timeout=10)
        return shown

    return run


@pytest.mark.parametrize(
    ("code", "environment"),
    [
        ("start_broker(kind='nonsense')", {}),
        ("start_cluster(2, kind='nonsense')", {}),
        ("start_broker()", {"LEARNKAFKA_BROKER": "nonsense"}),
    ],
)
def test_kind_that_is_none(notebook: Run, code: str, environment: dict[str, str]) -> None:
    """The three that there are."""
    notebook(code, **environment).sentence("'nonsense'; expected one of 'container', 'embedded', 'existing'")


@pytest.mark.parametrize("brokers", ["0", "10", "'three'", "2.5"])
def test_number_of_brokers_that_is_none(notebook: Run, brokers: str) -> None:
    """How many there may be."""
    notebook(f"start_cluster({brokers}, kind='embedded')").sentence("1 to 9 brokers")


@pytest.mark.parametrize(
    "address", ["kafka", "kafka:", "kafka:http", "kafka:0", "kafka:99999", "http://kafka:9092", "two words:1", "a:1,b"]
)
def test_address_that_is_none(notebook: Run, address: str) -> None:
    """The form that an address has."""
    notebook("start_broker()", KAFKA_BOOTSTRAP_SERVERS=address).sentence('expected "host:port", like ')


def test_no_address_at_all(notebook: Run) -> None:
    """An existing cluster without a name: which variable to set."""
    notebook("start_broker(kind='existing')").sentence("set KAFKA_BOOTSTRAP_SERVERS")
    notebook("start_broker()", KAFKA_BOOTSTRAP_SERVERS=" , ").sentence("set KAFKA_BOOTSTRAP_SERVERS")


def test_nobody_listens(notebook: Run) -> None:
    """A port where there is no broker."""
    notebook("start_broker()", KAFKA_BOOTSTRAP_SERVERS=NOBODY).sentence("Nothing listens at 127.0.0.1:1")


def test_name_that_is_not_resolved(notebook: Run) -> None:
    """A host that there isn't."""
    notebook("start_broker()", KAFKA_BOOTSTRAP_SERVERS="kafka.example.invalid:9092").sentence("is not resolved")


def test_wrong_words_in_the_environment(notebook: Run) -> None:
    """A protocol or mechanism that there isn't, or SASL without its parts."""
    at = {"KAFKA_BOOTSTRAP_SERVERS": NOBODY}
    notebook("start_broker()", KAFKA_SECURITY_PROTOCOL="TLS", **at).sentence("expected one of PLAINTEXT, SSL")
    notebook("start_broker()", KAFKA_SASL_MECHANISM="MAGIC", **at).sentence("expected one of PLAIN, SCRAM")
    sasl = at | {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "PLAIN"}
    notebook("start_broker()", **sasl).sentence("KAFKA_SASL_USERNAME isn't set")


@pytest.mark.parametrize(
    ("listener", "changed", "pattern"),
    [
        ("LOGIN", {"KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}, "asks for SASL .*but no SASL was given"),
        ("SECURE", {"KAFKA_SECURITY_PROTOCOL": "SSL"}, "asks for SASL .*but no SASL was given"),
        ("SECURE", {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "speaks TLS"),
        ("PLAIN", {"KAFKA_SECURITY_PROTOCOL": "SSL"}, "doesn't speak TLS"),
        ("LOGIN", {"KAFKA_SASL_PASSWORD": "guessed"}, "refuses the SASL login of 'ada'"),
        ("SECURE", {"KAFKA_SASL_PASSWORD": "guessed"}, "refuses the SASL login of 'ada'"),
        ("SECURE", {"KAFKA_SASL_USERNAME": "nobody"}, "refuses the SASL login of 'nobody'"),
        ("LOGIN", {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-512"}, "takes the SASL mechanisms PLAIN, SCRAM-SHA-256"),
        ("TLS", {"KAFKA_SSL_CAFILE": "OTHER"}, "certificate of localhost:.* doesn't hold"),
        ("TLS", {"KAFKA_SSL_CAFILE": "/nowhere.pem"}, "KAFKA_SSL_CAFILE"),
        ("CLOSED", {}, "can't be reached from here"),
    ],
)
def test_cluster_that_lets_nobody_in(
    notebook: Run,
    cluster_elsewhere: Any,
    tmp_path: Path,
    listener: str,
    changed: dict[str, str],
    pattern: str,
) -> None:
    """What kafka-python says in pages is one sentence, which names the variable to change."""
    if changed.get("KAFKA_SSL_CAFILE") == "OTHER":
        trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
        changed = {"KAFKA_SSL_CAFILE": str(tmp_path / "other.pem")}
    sentence = notebook("start_broker()", **cluster_elsewhere.environment(listener) | changed).sentence(pattern)
    assert "guessed" not in sentence


@pytest.mark.parametrize("name", ["'two words'", "''", "'..'", "'Bücher'", "'x' * 250", "7", "None"])
@pytest.mark.parametrize("method", ["name", "topic"])
def test_name_that_kafka_refuses(notebook: Run, name: str, method: str) -> None:
    """The rule for a topic's name."""
    notebook(f"broker.{method}({name})").sentence("name")


@pytest.mark.parametrize(
    ("code", "pattern"),
    [
        ("broker.topic('refused', retention_weeks=2)", "retention.weeks"),
        ("broker.topic('refused', retention_ms='long')", "retention.ms"),
        ("broker.topic('refused', partitions=-3)", "partitions"),
        ("broker.topic('refused', partitions='many')", "partitions"),
        ("broker.topic('refused', replication_factor=3)", "eplication"),
        ("broker.topic('__cluster_metadata')", "__cluster_metadata"),
        ("broker.tool('kafka-magic.sh')", r"kafka-topics\.sh"),
        ("broker.tool('kafka-topics.sh', '--magic')", r"kafka-topics\.sh ended with status 1: .*magic"),
        ("broker.tool('kafka-topics.sh', '--describe', '--topic', 'nowhere')", "nowhere"),
    ],
)
def test_refused_topic_or_tool(notebook: Run, code: str, pattern: str) -> None:
    """What Kafka said, in one line."""
    notebook(code).sentence(pattern)


def test_broker_that_was_stopped(notebook: Run) -> None:
    """Used after its end, it says so at once."""
    assert notebook("stopped = start_broker('embedded', new=True); stopped.stop(); stopped") == Shown(
        "<Kafka broker: stopped>", "", []
    )
    for code in (
        "stopped.topic('late')",
        "stopped.tool('kafka-topics.sh', '--list')",
        "stopped.data_files('late', 0)",
    ):
        notebook(code).sentence(r"was stopped.*start_broker\(")


def test_broker_that_died(notebook: Run) -> None:
    """Killed from outside, it says so at once too."""
    killed = notebook(
        "import psutil, signal; dying = start_broker('embedded', new=True); port = int(dying.bootstrap_servers[10:])\n"
        "for one in psutil.net_connections('tcp'):\n"
        "    if one.laddr.port == port and one.status == 'LISTEN':\n"
        "        psutil.Process(one.pid).kill(); psutil.Process(one.pid).wait(10)\n"
        "dying"
    )
    assert killed == Shown("<Kafka broker: gone>", "", [])
    notebook("dying.topic('late')").sentence(r"gone.*start_broker\(")
    notebook("dying.tool('kafka-topics.sh', '--list')").sentence(r"gone.*start_broker\(")
    assert notebook("dying.stop(); dying") == Shown("<Kafka broker: stopped>", "", [])


def test_good_input_shows_nothing_else(notebook: Run, cluster_elsewhere: Any) -> None:
    """A start, a topic, a tool and a stop write nothing that the cell didn't ask for."""
    whole = (
        "started = start_broker({kind}, new=True); name = started.topic('quiet', partitions=2); again = started.topic('quiet')\n"
        "listed = started.tool('kafka-topics.sh', '--list'); started.stop(); started"
    )
    assert notebook(whole.format(kind="'embedded'")) == Shown("<Kafka broker: stopped>", "", [])
    environment = cluster_elsewhere.environment("SECURE", "SCRAM-SHA-256")
    assert notebook(whole.format(kind="'existing'"), **environment) == Shown("<Kafka broker: stopped>", "", [])


@pytest.mark.docker
def test_good_input_shows_nothing_else_with_a_container(notebook: Run) -> None:
    """Neither does Docker."""
    assert notebook("boxed = start_broker('container', new=True); boxed.topic('quiet'); boxed.stop(); boxed") == Shown(
        "<Kafka broker: stopped>", "", []
    )
    assert notebook("boxed.topic('late')").sentence("was stopped")


def test_cluster_shows_nothing_else(notebook: Run) -> None:
    """Nor a cluster whose brokers come and go; a number that no broker has is refused."""
    assert notebook(
        "several = start_cluster(2, 'embedded'); several.kill_broker(2); several.start_broker(2); several.stop_broker(1)\n"
        "several.start_broker(1)\n"
        "several"
    ) == Shown("<Kafka cluster of 2 brokers: running>", "", [])
    notebook("several.stop_broker(3)").sentence("there are 1 to 2")
    notebook("several.kill_broker(2); several.kill_broker(2)").sentence("isn't running")
    assert notebook("several.stop(); several") == Shown("<Kafka cluster of 2 brokers: stopped>", "", [])


def test_redis_in_a_notebook(notebook: Run) -> None:
    """The same manners: nothing on the screen but what was asked for, or one sentence."""
    assert notebook("store = start_redis('wheel', new=True); store") == Shown("<Redis: running>", "", [])
    notebook("store.name('')").sentence("A key is text")
    assert notebook("store.stop(); store") == Shown("<Redis: stopped>", "", [])
    notebook("start_redis('nonsense')").sentence("expected one of 'existing', 'server', 'wheel', 'container'")
    notebook("start_redis()", REDIS_URL="nonsense").sentence("redis://localhost:6379/0")
    notebook("start_redis()", REDIS_URL="redis://127.0.0.1:1").sentence("Nothing listens at 127.0.0.1:1")
