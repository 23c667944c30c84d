"""Makes the ahead-of-time cache: one broker runs, does what a lesson's first seconds ask of it, and ends in order."""

from __future__ import annotations

import subprocess
from pathlib import Path

from learnkafka.broker.distribution import class_path, written_whole
from learnkafka.broker.embedded import EmbeddedServer, formatted_directory
from learnkafka.broker.java import OLDEST_AOT_JAVA, aot_cache, checked_java, java_version
from learnkafka.broker.tools import KafkaTool
from learnkafka.errors import BrokerError

TRAINING_SECONDS = 120


def prepare() -> bool:
    """Format the data directory and make the cache, where they aren't there; whether a cache is there afterwards.

    A Java that is too old for the cache starts the broker without it, more slowly.
    """
    java, jars = checked_java(), class_path()
    formatted_directory(java, jars)
    cache = aot_cache(java, jars)
    if cache.exists():
        return True
    if java_version(java) < OLDEST_AOT_JAVA:
        return False
    with written_whole(cache) as draft:
        train(draft)
    for older in cache.parent.iterdir():
        if older != cache:
            older.unlink(missing_ok=True)
    return True


def train(path: Path) -> None:
    """Write the cache to `path`; raises BrokerError when none came of it."""
    server = EmbeddedServer(train=path)
    try:
        server.run_tool(KafkaTool("kafka-topics.sh", ("--create", "--topic", "training")))
        consume_in_a_group(server.bootstrap_servers)
        server.finish_training(TRAINING_SECONDS)
    except subprocess.TimeoutExpired:
        raise BrokerError(
            f"The ahead-of-time cache wasn't written within {TRAINING_SECONDS} s; try `learnkafka fetch` again."
        ) from None
    finally:
        server.stop()
    if not path.exists():
        raise BrokerError(
            "Java wrote no ahead-of-time cache: is the disk full? Free some room and run `learnkafka fetch` again."
        )


def consume_in_a_group(bootstrap_servers: str) -> None:
    """Load what a group's first member needs: the coordinator, the offsets topic, a commit."""
    from kafka import KafkaConsumer, KafkaProducer

    with KafkaProducer(bootstrap_servers=bootstrap_servers) as producer:
        producer.send("training", b"record").get(timeout=30)
    with KafkaConsumer(
        "training", bootstrap_servers=bootstrap_servers, group_id="training", auto_offset_reset="earliest"
    ) as consumer:
        if any(consumer.poll(timeout_ms=30_000).values()):
            consumer.commit()
