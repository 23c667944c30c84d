"""Four faults of kafka-python 3.0.12 that a slow machine brings out, mended.

**It forgets what it was to ask for**, when it asks for something else at that moment. A consumer asks for the cluster's
metadata as soon as it is made, and 0.1 s later once more, for its topics. On a machine that holds it up in between, the
first request is on its way when the topics are named, and the answer to it, which has none of them, counts as the answer
to both. The consumer then knows nothing of its topics until the next regular refresh, five minutes later:
`next(consumer)` waits, and a group's leader gives nothing to anybody. `ClusterMetadata.set_topics` has a TODO for it.

**It forgets a join** whose answer comes between two calls of `poll()`, where it joins because the topics' metadata or its
subscription have changed: what told it to join is no longer so by then, and `rejoin_needed` was never set. The group
waits for a member that thinks it has nothing to do, and sends no heartbeats. A group's first consumer doesn't wait for
the topics' metadata, assigns nothing to itself, and joins again 0.1 s later: for that reason.

**It drops an answer to a join** that comes between two calls of `poll()`, and joins anew. Where calls are short, two
members can go on so for ever, each asking the other to join anew: 129 generations in 20 s, and nobody had a partition.

**It leaves a connection open** that it closes while something is still to be written there: the task that was to write
it, and then to close, is cancelled. The broker has the connection until Python's garbage collector finds the socket.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

METADATA_SECONDS = 5.0


def mend_kafka_python() -> None:
    """Have it ask again, wait for the topics, remember to join, take the answer, and close; calling it again does nothing."""
    from kafka.cluster import ClusterMetadata
    from kafka.coordinator.consumer import ConsumerCoordinator
    from kafka.net.transport import KafkaTCPTransport

    _wrap(ClusterMetadata, "_do_refresh_metadata", _refresh)
    _wrap(ConsumerCoordinator, "_do_join_and_sync_async", _join)
    _wrap(ConsumerCoordinator, "join_group_async", _take)
    _wrap(KafkaTCPTransport, "_write_to_sock", _write)


def _wrap(owner: type, name: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    original = getattr(owner, name)
    if not hasattr(original, "__wrapped__"):
        setattr(owner, name, functools.wraps(original)(wrapper(original)))


def _refresh(original: Callable[..., Any]) -> Callable[..., Any]:
    async def _do_refresh_metadata(cluster: Any, node_id: Any) -> None:
        topics, all_topics = set(cluster._topics), cluster.need_all_topic_metadata
        await original(cluster, node_id)
        if not topics.issuperset(cluster._topics) or (cluster.need_all_topic_metadata and not all_topics):
            cluster.request_update()

    return _do_refresh_metadata


def _join(original: Callable[..., Any]) -> Callable[..., Any]:
    async def _do_join_and_sync_async(coordinator: Any) -> Any:
        coordinator.request_rejoin()  # kafka-python clears it when it has taken the answer
        await _metadata(coordinator)
        return await original(coordinator)

    return _do_join_and_sync_async


def _take(original: Callable[..., Any]) -> Callable[..., Any]:
    async def join_group_async(coordinator: Any, timeout_ms: float | None = None) -> Any:
        join = coordinator._join_task
        if join is not None and join.succeeded() and _still_counts(coordinator):

            async def answered() -> Any:
                return join.value

            # It takes the answer of a join that isn't over yet; so this one is over when it looks again.
            coordinator._join_task = coordinator._manager.call_soon(answered)
        return await original(coordinator, timeout_ms)

    return join_group_async


def _still_counts(coordinator: Any) -> bool:
    """Whether it is in the group still, and for the topics that it joined for."""
    return (
        not coordinator._generation.is_lost()
        and coordinator._joined_subscription == coordinator._subscription.subscription
    )


async def _metadata(coordinator: Any) -> None:
    from kafka.errors import KafkaError

    topics = coordinator._subscription.subscription or ()
    for _ in range(2):  # the first answer may be to a question from before the subscription
        if all(coordinator._cluster.partitions_for_topic(topic) for topic in topics):
            return
        try:
            await coordinator._manager.wait_for(coordinator._cluster.request_update(), METADATA_SECONDS * 1000)
        except KafkaError:
            return  # it joins without them, as it always did


def _write(original: Callable[..., Any]) -> Callable[..., Any]:
    async def _write_to_sock(transport: Any) -> None:
        try:
            await original(transport)
        finally:
            if transport._closed:
                transport._write_task = None  # this one: it needn't be cancelled
                transport._close()

    return _write_to_sock
