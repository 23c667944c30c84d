"""One set of settings for every broker of ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from learnkafka.broker.embedded import Node, node_settings
from learnkafka.broker.settings import (
    CLUSTER_ID,
    FAILOVER_SPEED,
    LESSON_SPEED,
    as_environment,
    as_properties,
    container_settings,
)


def as_the_image_reads_it(variable: str) -> str:
    """The property that the image makes of a variable: Kafka 4.3, `kafka.docker.KafkaDockerWrapper`."""
    name = variable.removeprefix("KAFKA_").lower()
    name = re.sub(r"(?<!_)_(?!_)", ".", name)
    name = re.sub(r"(?<!_)__(?!_)", "_", name)
    return re.sub(r"(?<!_)___(?!_)", "-", name)


@pytest.mark.parametrize(
    "name", ["log.dirs", "node.id", "a_b.c", "listener.name.a-b.sasl", "with_two__lines", "a-b_c.d", "plain"]
)
def test_environment_is_read_back_as_what_it_was(name: str) -> None:
    """Dots, underscores and hyphens of a property's name survive the way through a variable's name."""
    environment = as_environment({name: "value"})
    assert environment.pop("CLUSTER_ID") == CLUSTER_ID
    ((variable, value),) = environment.items()
    assert value == "value"
    assert re.fullmatch(r"KAFKA_[A-Z0-9_]+", variable), "a shell takes it as a variable's name"
    if "__" not in name:  # two in a row are the image's own sign for one
        assert as_the_image_reads_it(variable) == name


def own_settings(brokers: int) -> tuple[dict[str, str], dict[str, str]]:
    nodes = [Node(number, 100 + number, 200 + number, Path("run")) for number in range(1, brokers + 1)]
    return node_settings(nodes[0], nodes), container_settings(1, brokers, 101, "/data")


@pytest.mark.parametrize("brokers", [1, 2, 3, 5])
def test_container_and_embedded_are_the_same_broker(brokers: int) -> None:
    """But for addresses and places, every setting is the same."""
    own, container = own_settings(brokers)
    places = {
        "controller.quorum.voters",
        "listeners",
        "advertised.listeners",
        "inter.broker.listener.name",
        "log.dirs",
    }
    assert own.keys() == container.keys()
    assert {name for name in own if own[name] != container[name]} == places
    assert LESSON_SPEED.items() <= own.items()
    assert (FAILOVER_SPEED.items() <= own.items()) == (brokers > 1)


@pytest.mark.parametrize(
    ("brokers", "replicas", "in_sync"), [(1, "1", "1"), (2, "2", "2"), (3, "3", "2"), (5, "3", "2")]
)
def test_kafkas_own_topics_fit_the_number_of_brokers(brokers: int, replicas: str, in_sync: str) -> None:
    """No topic wants more replicas than there are brokers."""
    own, _ = own_settings(brokers)
    assert {value for name, value in own.items() if name.endswith("replication.factor")} == {replicas}
    assert {value for name, value in own.items() if name.endswith((".min.isr", "min.insync.replicas"))} == {in_sync}


def test_properties_are_one_line_each() -> None:
    """As Kafka reads them from `server.properties`."""
    assert as_properties({"a": "1", "b.c": "x=y"}) == "a=1\nb.c=x=y\n"
