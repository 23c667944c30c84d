"""Asking a cluster once more where the connection broke: kafka-python's producer and consumer do, its admin client doesn't."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

TRIES = 10
PAUSE_SECONDS = 0.1
AGAIN_MS = 5_000

Answer = TypeVar("Answer")


def ask(
    bootstrap_servers: str, config: Mapping[str, Any], question: Callable[[Any], Answer], **settings: Any
) -> Answer:
    """What the question gives when it is put to an admin client: one that may be put twice, since its answer may get lost.

    Raises kafka-python's errors, also where the cluster doesn't answer at all: that takes long enough as it is.
    """
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaConnectionError, UnknownBrokerIdError

    tries_left = TRIES
    while True:
        try:
            with KafkaAdminClient(bootstrap_servers=bootstrap_servers, **config, **settings) as admin:
                return question(admin)
        # The second: its client holds on to a broker that the cluster doesn't count as its own any more (CONTRIBUTING.md).
        except (KafkaConnectionError, UnknownBrokerIdError):
            tries_left -= 1
            if not tries_left:
                raise
        settings["bootstrap_timeout_ms"] = AGAIN_MS  # it did answer a moment ago
        time.sleep(PAUSE_SECONDS)
