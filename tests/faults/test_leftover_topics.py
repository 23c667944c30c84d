"""A cluster that others use holds 1,000 topics that a killed lesson of this learner left, and 1,000 of other people.

What the learner sees: start_broker() takes some seconds longer, once; then it is as quick as ever. Ours are gone, those
of other people are as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient

from learnkafka.broker.embedded import EmbeddedServer
from learnkafka.broker.ledger import Ledger, ledgers

COUNT = 1000
OURS = [f"ada-left-{number}" for number in range(COUNT)]
THEIRS = sorted(f"{'ada' if number % 10 == 0 else 'grace'}-own-{number}" for number in range(COUNT))
START = "import time; began = time.monotonic(); from learnkafka import start_broker; broker = start_broker(); time.monotonic() - began"


def topics(admin: KafkaAdminClient) -> list[str]:
    return sorted(name for name in admin.list_topics() if not name.startswith("__"))


@pytest.fixture
def cluster(lesson: Callable[..., Any]) -> Iterator[EmbeddedServer]:
    """Somebody's cluster, empty for now."""
    server = EmbeddedServer()
    yield server
    server.stop()


@pytest.mark.alone
@pytest.mark.soak
@pytest.mark.timeout(300)
def test_leftover_topics(
    lesson: Callable[..., Any],
    cluster: EmbeddedServer,
    until: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Those of this learner stand in a ledger whose owner is gone; the others stand nowhere, some with the same prefix."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    environment = {"KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap_servers, "LEARNKAFKA_PREFIX": "ada-"}
    alone = max(1, lesson(**environment).does(START).value)
    with KafkaAdminClient(bootstrap_servers=cluster.bootstrap_servers) as admin:
        for start in range(0, COUNT, 250):
            wanted = OURS[start : start + 250] + THEIRS[start : start + 250]
            admin.create_topics({name: {"num_partitions": 1} for name in wanted})
        until(lambda: len(topics(admin)) == 2 * COUNT, 120)
        number = admin.describe_cluster()["cluster_id"]
        orphaned = Ledger(number, names=list(OURS))
        orphaned.path = orphaned.path.with_name("1-1-abcdef.json")  # a process of 1970
        orphaned.save()

        assert lesson(**environment).does(START).value < 10 * alone
        assert topics(admin) == THEIRS
        assert not ledgers(number)

        learner = lesson(**environment)
        assert learner.does(START).value < 5 * alone
        assert learner.does("broker.topic('orders')").value == "ada-orders"
        learner.does("broker.stop()")
        assert topics(admin) == THEIRS
