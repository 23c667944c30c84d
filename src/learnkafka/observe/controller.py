"""Which broker is the active controller, asked beside the looks: while there is none, the answer takes seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

SECONDS = 0.5
"""From one question to the next."""


class ControllerQuestion:
    """Asks again and again, and waits for no answer.

    DescribeCluster names any broker as its controller (KIP-595). The leader of the metadata's quorum is the real one:
    DescribeQuorum is passed on to it, and nobody else answers.
    """

    def __init__(self) -> None:
        self.id: int | None = None
        self.is_lost = False
        """Whether none answered, though one may ask."""
        self._manager: Any = None
        self._asked: Any = None
        self._next = 0.0
        self._may_ask = True

    def go_on(self, manager: Any, nodes: Iterable[int]) -> None:
        """Take the answer, where it has come, and ask the next question, where it is time."""
        if manager is not self._manager:  # an answer on its way to a closed client never comes
            self._manager, self._asked, self.is_lost = manager, None, False
        if self._asked is not None and self._asked.is_done:
            self._take(self._asked)
            self._asked = None
        if self._may_ask and self._asked is None and time.monotonic() > self._next:
            self._next = time.monotonic() + SECONDS
            self._asked = manager.call_soon(_ask, manager, list(nodes))

    def _take(self, answer: Any) -> None:
        from kafka.errors import AuthorizationError, UnsupportedVersionError

        self.id = answer.value if answer.succeeded() else None
        if isinstance(answer.exception, AuthorizationError | UnsupportedVersionError):
            self._may_ask = False
        else:
            self.is_lost = self.id is None


async def _ask(manager: Any, nodes: list[int]) -> int:
    """Through the first of these brokers that answers."""
    from kafka.errors import KafkaError, NodeNotReadyError, NoError, for_code
    from kafka.protocol.admin import DescribeQuorumRequest

    topic = DescribeQuorumRequest.TopicData
    metadata = topic(topic_name="__cluster_metadata", partitions=[topic.PartitionData(partition_index=0)])
    lost: KafkaError = NodeNotReadyError()
    for node in nodes:
        try:
            answer = await manager.send(DescribeQuorumRequest(topics=[metadata]), node_id=node)
        except KafkaError as error:
            lost = error
            continue
        partition = answer.topics[0].partitions[0] if answer.topics else answer
        if (problem := for_code(answer.error_code or partition.error_code)) is not NoError:
            raise problem(answer.error_message)
        return int(partition.leader_id)
    raise lost
