"""docker-compose.yml: what the generator gives, with the lessons' own settings, and a cluster that works."""

from __future__ import annotations

import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from learnkafka import start_broker, start_redis
from learnkafka.broker.compose import DATA, PORTS, compose_file
from learnkafka.broker.settings import LESSON_SPEED, as_environment, container_environment

COMPOSE = Path(__file__).parents[1] / "docker-compose.yml"


def test_committed_file_is_the_generated_one() -> None:
    """What is committed is what `learnkafka build` writes."""
    assert COMPOSE.read_text(encoding="utf-8") == compose_file()


def test_brokers_have_the_settings_of_the_lessons() -> None:
    """Every broker has just the settings that a container of the course has, lesson speed-ups included."""
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    for number, port in PORTS.items():
        environment = services[f"kafka-{number}"]["environment"]
        assert environment == container_environment(number, len(PORTS), port, DATA)
        assert as_environment(LESSON_SPEED).items() <= environment.items()


def test_everything_is_published_to_this_machine_only() -> None:
    """Each port is bound to the loopback interface, each image pinned, and the UI starts only when asked for."""
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert service["image"].partition(":")[2] not in ("", "latest")
    assert [name for name, service in services.items() if "profiles" in service] == ["ui"]


@pytest.fixture
def compose_up() -> Iterator[None]:
    """The cluster as a user starts it, without the UI; gone afterwards with its volumes."""
    command = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
    command += ["--project-name", f"learnkafka-test-{secrets.token_hex(3)}", "--file", str(COMPOSE)]
    try:
        subprocess.run([*command, "up", "--detach"], check=True, capture_output=True, timeout=120)
        yield
    finally:
        subprocess.run([*command, "down", "--volumes", "--timeout", "2"], check=True, capture_output=True, timeout=120)


@pytest.mark.docker
@pytest.mark.usefixtures("compose_up")
def test_the_cluster_starts_and_the_course_uses_it(monkeypatch: pytest.MonkeyPatch, until: Callable[..., Any]) -> None:
    """Three brokers keep a record three times, the course connects by the one line of README.md, and Redis answers."""
    from kafka import KafkaAdminClient, KafkaProducer
    from kafka.errors import KafkaError

    def all_are_there() -> bool:
        try:
            with KafkaAdminClient(bootstrap_servers="localhost:9092", bootstrap_timeout_ms=2000) as admin:
                return len(admin.describe_cluster()["brokers"]) == len(PORTS)
        except KafkaError:
            return False

    until(all_are_there, 120)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092")
    monkeypatch.delenv("LEARNKAFKA_BROKER", raising=False)
    broker = start_broker(new=True)
    try:
        topic = broker.topic("orders", partitions=3)
        with KafkaProducer(bootstrap_servers=broker.bootstrap_servers, acks="all") as producer:
            assert producer.send(topic, b"an order").get(timeout=30).offset == 0
        with KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers) as admin:
            [described] = admin.describe_topics([topic])
            assert all(len(partition["replica_nodes"]) == len(PORTS) for partition in described["partitions"])
    finally:
        broker.stop()
    monkeypatch.setenv("REDIS_URL", "redis://localhost:6379/0")
    monkeypatch.delenv("LEARNKAFKA_REDIS", raising=False)
    with start_redis(new=True) as store, redis.Redis.from_url(store.url) as client:
        assert store.kind == "existing"
        assert client.set(store.name("notification:invoices:1"), "sent", nx=True, ex=60)
