"""How to connect to a broker with what a developer is likely to have."""

from __future__ import annotations

from typing import Any


def how_to_connect(bootstrap_servers: str, config: dict[str, Any]) -> str:
    """Lines to copy for kafka-python, kcat, Kafka's own tools and the course itself; passwords are left out."""
    extra = "".join(f", {key}={value!r}" for key, value in config.items() if "password" not in key)
    return f"""\
A Kafka broker is ready at {bootstrap_servers}

kafka-python      KafkaProducer(bootstrap_servers="{bootstrap_servers}"{extra})
kcat              kcat -b {bootstrap_servers} -L
Kafka's tools     kafka-topics.sh --bootstrap-server {bootstrap_servers} --list
this course       KAFKA_BOOTSTRAP_SERVERS={bootstrap_servers} learnkafka lab
"""
