"""docker-compose.yml: a cluster for people who want to keep one running, from the settings that lessons run on."""

from __future__ import annotations

from typing import Any

import yaml

from learnkafka.broker.image import IMAGE, REDIS_IMAGE
from learnkafka.broker.settings import container_environment

UI_IMAGE = "tchiotludo/akhq:0.25.1"
PORTS = {1: 9092, 2: 9093, 3: 9094}
DATA = "/var/lib/kafka/data"

HEADER = """\
# Three Kafka brokers and Redis for the course, on this machine only. Written by `learnkafka build`: don't edit.
#
#   docker compose up --detach --wait                  start them (add --profile ui for AKHQ at http://localhost:8080)
#   KAFKA_BOOTSTRAP_SERVERS=localhost:9092 REDIS_URL=redis://localhost:6379/0 make lab    open the course on them
#   docker compose down --volumes                      end them, with all they hold
"""


def compose_file() -> str:
    """The file's whole text."""
    brokers = {f"kafka-{number}": _broker(number) for number in PORTS}
    services = brokers | {"redis": _redis(), "ui": _ui()}
    volumes: dict[str, None] = {f"{name}-data": None for name in brokers}
    return HEADER + yaml.safe_dump({"services": services, "volumes": volumes}, sort_keys=False, width=120)


def _broker(number: int) -> dict[str, Any]:
    port = PORTS[number]
    return {
        "image": IMAGE,
        "hostname": f"kafka-{number}",
        "environment": container_environment(number, len(PORTS), port, DATA),
        "ports": [f"127.0.0.1:{port}:{port}"],
        "volumes": [f"kafka-{number}-data:{DATA}"],
        # The listener opens when the broker is ready; one of Kafka's own tools would cost a second of a core each time.
        "healthcheck": _health(f"bash -c 'exec 3<>/dev/tcp/kafka-{number}/19092'"),
    }


def _redis() -> dict[str, Any]:
    return {
        "image": REDIS_IMAGE,
        "ports": ["127.0.0.1:6379:6379"],
        "healthcheck": _health("redis-cli ping | grep -q PONG"),
    }


def _ui() -> dict[str, Any]:
    servers = ",".join(f"kafka-{number}:19092" for number in PORTS)
    connection = {"akhq": {"connections": {"learnkafka": {"properties": {"bootstrap.servers": servers}}}}}
    return {
        "image": UI_IMAGE,
        "profiles": ["ui"],
        "environment": {"AKHQ_CONFIGURATION": yaml.safe_dump(connection, sort_keys=False)},
        "ports": ["127.0.0.1:8080:8080"],
        "depends_on": [f"kafka-{number}" for number in PORTS],
    }


def _health(command: str) -> dict[str, Any]:
    return {"test": ["CMD-SHELL", command], "interval": "2s", "timeout": "5s", "retries": 60}
