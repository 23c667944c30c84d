"""What Kafka does, seen while it happens: widgets in JupyterLab, plain tables where no kernel runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kafka import KafkaConsumer

    from learnkafka.broker import Broker
    from learnkafka.views.cluster_view import ClusterView
    from learnkafka.views.group_view import GroupView
    from learnkafka.views.log_view import LogView

__all__ = ["cluster", "group", "log"]


def cluster(broker: Broker, topics: str | Iterable[str] | None = None) -> ClusterView:
    """Show brokers and partitions, live: who leads, who should, whose copy is in sync, and which broker is away.

    Of the topics that are named, or of all that are yours. They need not be there yet.
    """
    from learnkafka.observe.clusters import ClusterLook
    from learnkafka.views.cluster_view import ClusterView  # not before it is needed: widgets take a moment to import

    return ClusterView(ClusterLook(broker, topics))


def log(broker: Broker, topic: str, *, group: str | None = None, consumers: Iterable[KafkaConsumer] = ()) -> LogView:
    """Show a topic's partitions as logs, live: records as they arrive, and what retention or compaction takes.

    With a group, also how far it has committed. With consumers, also their positions: they are the consumers' own, in
    this notebook; a view never asks them to do anything. The topic need not be there yet.
    """
    from learnkafka.observe.logs import LogLook
    from learnkafka.views.log_view import LogView  # not before it is needed: widgets take a moment to import

    return LogView(LogLook(broker, topic, group, consumers), topic)


def group(broker: Broker, group: str, *, consumers: Iterable[KafkaConsumer] = ()) -> GroupView:
    """Show a consumer group, live: who has which partitions, what rebalances do to that, and how far it is behind.

    Members that start_member starts are found by the group's name, and can be slowed, paused, stopped, killed and added
    with buttons. A consumer of this notebook is seen from within where it is handed over; any other member as the
    group's coordinator knows it. The group need not be there yet.
    """
    from learnkafka.observe.group_look import GroupLook
    from learnkafka.views.group_view import GroupView

    return GroupView(GroupLook(broker, group, consumers), group, broker)
