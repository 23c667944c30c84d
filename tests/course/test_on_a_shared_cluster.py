"""The lessons on a cluster that others use too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from kafka import KafkaAdminClient

from learnkafka.authoring.kernels import notebook_client
from learnkafka.broker.embedded import EmbeddedServer

COURSE = Path(__file__).parents[2]
OWN_BROKERS = "11-replication-and-leader-election"  # it stops and kills them, wherever it is run
# Solutions: tests/classroom.
LESSONS = [path for path in sorted((COURSE / "notebooks").glob("*.ipynb")) if path.stem != OWN_BROKERS]


@pytest.fixture(scope="module")
def cluster():  # type: ignore[no-untyped-def]
    """A broker that the lessons don't know to be ours."""
    server = EmbeddedServer()
    yield server
    server.stop()


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_runs_and_leaves_nothing(
    path: Path, cluster: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, until: Callable[..., Any]
) -> None:
    """It runs from top to bottom under the learner's prefix, and its topics and groups are gone afterwards."""
    monkeypatch.delenv("LEARNKAFKA_BROKER", raising=False)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrap_servers)
    monkeypatch.setenv("LEARNKAFKA_PREFIX", "alice-")
    # Each test worker has a cluster, all of the same id: without this, another's open lesson would keep our names.
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    notebook = nbformat.read(path, as_version=4)
    made: set[str] = set()
    client = notebook_client(
        notebook,
        timeout=120,
        resources={"metadata": {"path": path.parent}},
    )
    with KafkaAdminClient(bootstrap_servers=cluster.bootstrap_servers) as admin:
        client.on_cell_executed = lambda **_: made.update(admin.list_topics())
        client.execute()
        assert "alice-orders" in made
        assert not [name for name in made if not name.startswith(("alice-", "__"))]
        until(lambda: not [name for name in admin.list_topics() if not name.startswith("__")])
        until(lambda: not admin.list_groups())
