"""A class's cluster, with a teacher."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.classroom import ClassCluster
from learnkafka.broker.environment import config_of, variables
from learnkafka.classroom import add_learners, read_entry


@pytest.fixture(scope="session")
def cluster() -> Iterator[ClassCluster]:
    """Three brokers with passwords and rights, for as long as this worker tests."""
    with ClassCluster().running() as running:
        yield running


@pytest.fixture
def teacher(cluster: ClassCluster, without_cluster: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is the teacher's."""
    for name, value in cluster.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def owner(cluster: ClassCluster) -> Iterator[Any]:
    """An admin client that may do everything, through the brokers' own listener."""
    from kafka import KafkaAdminClient

    with KafkaAdminClient(bootstrap_servers=cluster.inside) as admin:
        yield admin


@pytest.fixture(scope="session")
def ada_and_bob(cluster: ClassCluster, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Any]]:
    """`ada_and_bob("ada")`: how kafka-python connects as one of two learners."""
    folder = tmp_path_factory.mktemp("class")
    with pytest.MonkeyPatch.context() as patch:
        for name in variables():
            patch.delenv(name)
        for name, value in cluster.environment().items():
            patch.setenv(name, value)
        add_learners(["ada", "bob"], folder)

    def connect(name: str) -> dict[str, Any]:
        entry = read_entry(Path(folder) / f"{name}.env").variables
        return {"bootstrap_servers": entry["KAFKA_BOOTSTRAP_SERVERS"], **config_of(entry)}

    return connect
