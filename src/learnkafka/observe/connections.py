"""The two clients that an observer looks through, opened when they are first needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from learnkafka.broker.environment import patience

REQUEST_SECONDS = 2.0  # for one answer: a few tries fit into the time that a call has

_CLIENT = {
    "client_id": "learnkafka-observer",
    # A broker that was away is asked again soon after it is back; kafka-python would wait up to 30 s.
    "reconnect_backoff_max_ms": 200,
    # Between two tries, and where nothing can be fetched before metadata has come: kafka-python sleeps 0.1 s.
    "retry_backoff_ms": 2,
}
_CLUSTER = {
    # kafka-python lets 0.1 s pass between two requests for metadata, and its clients have no setting for that one.
    # So the first look at another topic would cost 0.1 s.
    "retry_backoff_ms": 2,
    # The consumer's setting of this name doesn't reach its requests for metadata. Looking must not make a topic.
    "allow_auto_create_topics": False,
}


class Connections:
    """One admin client and one consumer without a group, kept open between calls."""

    def __init__(self, bootstrap_servers: str, config: Mapping[str, Any]) -> None:
        self._request_seconds = REQUEST_SECONDS * patience()
        bounds = {"request_timeout_ms": int(self._request_seconds * 1000)}
        self._settings = {"bootstrap_servers": bootstrap_servers, **config, **_CLIENT, **bounds}
        self._admin: Any = None
        self._consumer: Any = None

    def admin(self, deadline: float) -> Any:
        """The KafkaAdminClient; raises a KafkaError when it can't be opened in the time."""
        if self._admin is None:
            from kafka import KafkaAdminClient

            # More requests may be in flight than the default allows: kafka-python refuses the sixth.
            self._admin = self._open(KafkaAdminClient, deadline, max_in_flight_requests_per_connection=100)
        return self._admin

    def consumer(self, deadline: float) -> Any:
        """The KafkaConsumer, which nothing is assigned to."""
        if self._consumer is None:
            from kafka import KafkaConsumer

            self._consumer = self._open(
                KafkaConsumer,
                deadline,
                group_id=None,
                enable_auto_commit=False,
                isolation_level="read_uncommitted",
                # Where the log start has moved past our offset since we asked, reading goes on from there.
                auto_offset_reset="earliest",
                # At the end of a partition the broker would hold the answer back for 0.5 s.
                fetch_max_wait_ms=5,
                # A session leaves out partitions that have nothing new. We want to hear of each, every time.
                enable_incremental_fetch_sessions=False,
                max_poll_records=100_000,
            )
        return self._consumer

    def _open(self, client: Callable[..., Any], deadline: float, **settings: Any) -> Any:
        from kafka.net.compat import KafkaNetClient

        opened: list[Any] = []

        def connect(**config: Any) -> Any:
            opened.append(KafkaNetClient(**config))
            opened[0].cluster.config.update(_CLUSTER)
            return opened[0]

        seconds = max(0.1, min(self._request_seconds, deadline - time.monotonic()))
        try:
            return client(**self._settings, **settings, kafka_client=connect, bootstrap_timeout_ms=int(seconds * 1000))
        except BaseException:
            for one in opened:  # a client that didn't come to be leaves its thread and its sockets behind
                one.close()
            raise

    def close(self) -> None:
        """End both clients; what comes next opens new ones."""
        clients, self._admin, self._consumer = (self._admin, self._consumer), None, None
        for client in clients:
            if client is not None:
                with suppress(Exception):  # it goes because it failed: what it says now is of no use
                    client.close()
