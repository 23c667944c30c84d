"""The command line, as a terminal sees it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import pytest
from kafka import KafkaAdminClient
from typer.testing import CliRunner

from learnkafka.broker.distribution import jars_directory, locked_jars
from learnkafka.broker.image import IMAGE, REDIS_IMAGE
from learnkafka.classroom import Entry
from learnkafka.cli import app
from tests.stopwatch import Stopwatch


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """One call of `learnkafka`, in a terminal wide enough for a sentence."""
    return subprocess.run(
        [sys.executable, "-m", "learnkafka", *arguments],
        env=os.environ | {"COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_version() -> None:
    """It prints the package's version and nothing else."""
    done = run("--version")
    assert (done.returncode, done.stdout.strip()) == (0, version("learnkafka"))


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["broker", "--kind", "nonsense"], {}, "There is no kind of broker 'nonsense'"),
        (["broker", "--kind", "embedded", "--brokers", "77"], {}, "A cluster here has 1 to 9 brokers"),
        (["broker"], {"KAFKA_BOOTSTRAP_SERVERS": "nonsense", "LEARNKAFKA_BROKER": ""}, 'expected "host:port"'),
        (["broker"], {"LEARNKAFKA_BROKER": "kafkaesque"}, "There is no kind of broker 'kafkaesque'"),
        (["build", "77"], {}, "No lesson begins with 77"),
    ],
)
def test_errors_are_sentences(arguments: list[str], environment: dict[str, str], sentence: str) -> None:
    """Exit code 1, one line on standard error, no traceback."""
    done = run(*arguments, **environment)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_doctor_finds_nothing_wrong_here() -> None:
    """What it looks at is in order for the embedded broker, and it names that broker."""
    done = run("doctor", LEARNKAFKA_BROKER="embedded", KAFKA_BOOTSTRAP_SERVERS="")
    assert done.returncode == 0, done.stdout
    assert "start_broker() would use: embedded" in done.stdout
    assert f"{len(locked_jars())} jars" in done.stdout


def test_doctor_names_what_is_wrong() -> None:
    """Exit code 1, with the problem and the remedy, when the broker that would be used can't be."""
    done = run("doctor", KAFKA_BOOTSTRAP_SERVERS="localhost:1", LEARNKAFKA_BROKER="")
    assert done.returncode == 1
    assert re.search(r"wrong +Existing cluster +Nothing listens at localhost:1 .*; check the port", done.stdout)


def test_fetch_leaves_alone_what_is_there() -> None:
    """Everything is there in a test run, so it is quick and says just that."""
    before = {path.name: path.stat().st_mtime_ns for path in jars_directory().iterdir()}
    stopwatch = Stopwatch()
    done = run("fetch", "--no-image")
    assert (done.returncode, done.stdout.strip()) == (0, "Apache Kafka 4.3.1 is ready to start.")
    assert stopwatch.seconds() < 10
    assert {path.name: path.stat().st_mtime_ns for path in jars_directory().iterdir()} == before


@pytest.mark.parametrize(("redis", "pulled"), [("wheel", [IMAGE]), ("container", [IMAGE, REDIS_IMAGE])])
def test_fetch_pulls_the_images_that_are_needed(monkeypatch: pytest.MonkeyPatch, redis: str, pulled: list[str]) -> None:
    """Kafka's, and Redis's where start_redis() would use it."""
    asked: list[str] = []
    monkeypatch.setenv("LEARNKAFKA_REDIS", redis)
    monkeypatch.setattr("learnkafka.broker.training.prepare", lambda: None)
    monkeypatch.setattr("learnkafka.broker.image.pull_image", lambda _, image: asked.append(image))
    done = CliRunner().invoke(app, ["fetch"])
    assert done.exit_code == 0, done.output
    assert asked == pulled


def test_fetch_from_a_folder_needs_no_network(tmp_path: Path, own_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A classroom's stick holds the jars; a machine without a network is ready afterwards, and starts a broker."""
    stick = Path(shutil.copytree(jars_directory(), tmp_path / "stick"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    offline = {"HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1"}
    done = run("fetch", "--no-image", "--from", str(stick), **offline)
    assert done.returncode == 0, done.stderr
    assert f"{len(locked_jars())} jars fetched" in done.stdout
    assert len(list((tmp_path / "cache/learnkafka/aot").iterdir())) == 1
    code = "from learnkafka import start_broker; print(start_broker('embedded'))"
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert started.stdout.strip() == "<Kafka broker: running>"


def start_broker_command() -> subprocess.Popen[str]:
    """`learnkafka broker` in the background, as in a terminal of its own."""
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "learnkafka", "broker", "--kind", "embedded"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_lab_on_the_cluster_of_a_class(tmp_path: Path, until: Callable[..., Any]) -> None:
    """What the teacher's file says is in JupyterLab's environment, so in each kernel's, and the password in no process list."""
    entry = {
        "KAFKA_BOOTSTRAP_SERVERS": "kafka.example.com:9093",
        "KAFKA_SASL_USERNAME": "ada",
        "KAFKA_SASL_PASSWORD": "dead horse",
        "LEARNKAFKA_PREFIX": "ada-",
    }
    file = tmp_path / "ada.env"
    Entry(entry).write(file)
    said = (tmp_path / "said.txt").open("wb")
    command = [sys.executable, "-m", "learnkafka", "lab", "--no-browser", "--cluster", str(file)]
    with said, subprocess.Popen(command, stdout=said, stderr=said) as started:
        try:
            until(lambda: "jupyterlab" in psutil.Process(started.pid).cmdline())
            process = psutil.Process(started.pid)
            assert entry.items() <= process.environ().items()
            assert not any("dead horse" in part for part in process.cmdline())
        finally:
            started.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_broker_runs_until_it_is_told_to_stop(how: signal.Signals, own_tmp: Path, until: Callable[..., Any]) -> None:
    """It prints how to connect, answers there, and leaves nothing when it ends."""
    process = start_broker_command()
    try:
        assert process.stdout
        printed = ""
        while "until you press Ctrl-C" not in printed:
            line = process.stdout.readline()
            assert line, process.communicate()
            printed += line
        for client in ("kafka-python ", "kcat ", "Kafka's tools ", "this course "):
            assert f"\n{client}" in printed
        address = re.search(r"ready at (\S+)", printed)
        assert address
        with KafkaAdminClient(bootstrap_servers=address[1], bootstrap_timeout_ms=5000) as admin:
            assert admin.list_topics() == []
        process.send_signal(how)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
        assert "Stopping." in out
    finally:
        process.kill()
        process.wait()
    until(lambda: not list(own_tmp.glob("learnkafka-*/*")))


@pytest.mark.soak
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_broker_interrupted_while_it_starts(how: signal.Signals, own_tmp: Path, until: Callable[..., Any]) -> None:
    """Impatience is no error: it ends without a traceback, and leaves nothing."""
    process = start_broker_command()
    try:
        until(lambda: list(own_tmp.glob("learnkafka-*/*/broker-1/broker.log")))
        process.send_signal(how)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, err) == (0, "")
        assert out.strip() == "Stopping."
    finally:
        process.kill()
        process.wait()
    until(lambda: not list(own_tmp.glob("learnkafka-*/*")))


def test_sentence_keeps_its_brackets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a path or a log has in brackets is no colour."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = run("fetch", "--no-image", "--from", str(tmp_path / "[red]" / "[/jars]"))
    assert done.returncode == 1
    assert f"in {tmp_path}/[red]/[/jars];" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    looked = run("doctor", LEARNKAFKA_BROKER="embedded", LEARNKAFKA_JAVA="/[bold]/[/java]")
    assert looked.returncode == 1
    assert "/[bold]/[/java] can't be run" in looked.stdout


def test_page_of_help() -> None:
    """Without a word it says which there are."""
    done = run()
    for word in ("lab", "fetch", "broker", "doctor", "build"):
        assert re.search(rf"\b{word}\b", done.stdout + done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
