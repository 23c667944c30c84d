"""Asking a cluster once more where the connection broke, or a coordinator isn't ready yet.

kafka-python's producer and consumer do that by themselves, its admin client doesn't.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from learnkafka.broker.environment import patience

TRIES = 10
PAUSE_SECONDS = 0.1
AGAIN_MS = 5_000
COORDINATOR_SECONDS = 30
"""How long a group's coordinator may take to read what it knows of its groups, as a cluster's first users see it do."""

Answer = TypeVar("Answer")


def ask(
    bootstrap_servers: str, config: Mapping[str, Any], question: Callable[[Any], Answer], **settings: Any
) -> Answer:
    """What the question gives when it is put to an admin client: one that may be put twice, since its answer may get lost.

    Raises kafka-python's errors, also where the cluster doesn't answer at all: that takes long enough as it is.
    """
    from kafka import KafkaAdminClient
    from kafka.errors import (
        CoordinatorLoadInProgressError,
        CoordinatorNotAvailableError,
        KafkaConnectionError,
        NotCoordinatorError,
        UnknownBrokerIdError,
    )

    tries_left, deadline = TRIES, time.monotonic() + COORDINATOR_SECONDS * patience()
    while True:
        try:
            with KafkaAdminClient(bootstrap_servers=bootstrap_servers, **config, **settings) as admin:
                return question(admin)
        # The second: its client holds on to a broker that the cluster doesn't count as its own any more (CONTRIBUTING.md).
        except (KafkaConnectionError, UnknownBrokerIdError):
            tries_left -= 1
            if not tries_left:
                raise
        except (CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError):
            if time.monotonic() > deadline:
                raise
        settings["bootstrap_timeout_ms"] = AGAIN_MS  # it did answer a moment ago
        time.sleep(PAUSE_SECONDS)
