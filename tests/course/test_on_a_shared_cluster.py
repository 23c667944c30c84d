"""The lessons on a cluster that others use too."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from kafka import KafkaAdminClient
from nbclient import NotebookClient

from learnkafka.broker.embedded import EmbeddedServer

LESSONS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def cluster():  # type: ignore[no-untyped-def]
    """A broker that the lessons don't know to be ours."""
    server = EmbeddedServer()
    yield server
    server.stop()


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_runs_and_leaves_nothing(path: Path, cluster: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs from top to bottom under the learner's prefix, and its topics and groups are gone afterwards."""
    monkeypatch.delenv("LEARNKAFKA_BROKER", raising=False)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrap_servers)
    monkeypatch.setenv("LEARNKAFKA_PREFIX", "alice-")
    notebook = nbformat.read(path, as_version=4)
    made: list[str] = []
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": path.parent}})
    with KafkaAdminClient(bootstrap_servers=cluster.bootstrap_servers) as admin:
        client.on_cell_executed = lambda **_: made.extend(admin.list_topics())
        client.execute()
        assert "alice-orders" in made
        assert not [name for name in admin.list_topics() if not name.startswith("__")]
        assert not admin.list_groups()
