"""A question to a cluster is put again where its answer got lost or comes too early, and not where it was refused."""

from __future__ import annotations

from typing import Any

import pytest
from kafka.errors import (
    CoordinatorLoadInProgressError,
    InvalidTopicError,
    KafkaConnectionError,
    KafkaError,
    UnknownBrokerIdError,
)

from learnkafka.broker import asking


@pytest.mark.parametrize("lost", [KafkaConnectionError, UnknownBrokerIdError, CoordinatorLoadInProgressError])
def test_with_a_client_of_its_own_each_time(broker: Any, lost: type[KafkaError]) -> None:
    """One that has failed would go on failing."""
    clients = []

    def question(admin: Any) -> int:
        clients.append(admin)
        if len(clients) < 3:
            raise lost
        return len(admin.describe_cluster()["brokers"])

    assert asking.ask(broker.bootstrap_servers, {}, question) == 1
    assert len({id(one) for one in clients}) == 3


def test_a_refusal_is_an_answer(broker: Any) -> None:
    """Nor is it asked for ever."""
    asked = []

    def refused(_: Any) -> None:
        asked.append(1)
        raise InvalidTopicError

    def lost(_: Any) -> None:
        asked.append(1)
        raise KafkaConnectionError

    with pytest.raises(InvalidTopicError):
        asking.ask(broker.bootstrap_servers, {}, refused)
    assert len(asked) == 1
    with pytest.raises(KafkaConnectionError):
        asking.ask(broker.bootstrap_servers, {}, lost)
    assert len(asked) == 1 + asking.TRIES


def test_a_coordinator_that_never_gets_ready(broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for longer than a connection that breaks, and not for ever."""
    monkeypatch.setattr(asking, "COORDINATOR_SECONDS", 2)
    asked = []

    def too_early(_: Any) -> None:
        asked.append(1)
        raise CoordinatorLoadInProgressError

    with pytest.raises(CoordinatorLoadInProgressError):
        asking.ask(broker.bootstrap_servers, {}, too_early)
    assert len(asked) > 2
