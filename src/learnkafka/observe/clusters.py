"""Looking at a cluster: its brokers, and which of them lead and copy the partitions of some topics."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from learnkafka.observe.connections import Connections
from learnkafka.observe.controller import ControllerQuestion
from learnkafka.observe.observer import Observer
from learnkafka.observe.quiet import keep_quiet
from learnkafka.observe.recorder import Seen

if TYPE_CHECKING:
    from learnkafka.broker import Broker
    from learnkafka.observe.cluster_contents import ClusterContent, ClusterPartition

NO_CONTROLLER = "No controller answers: nothing can change leaders now, and what is shown may be out of date."

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Told:
    """What one broker told."""

    running: frozenset[int]
    away: frozenset[int]
    """Those that are registered and fenced."""
    topics: Mapping[str, Any]
    """kafka-python's answer for each topic that is there."""
    controller: int | None
    controller_is_lost: bool


class ClusterConnections(Connections):
    """Under the view's name, and quiet."""

    def __init__(self, bootstrap_servers: str, config: Mapping[str, Any], name: str) -> None:
        super().__init__(bootstrap_servers, config)
        self._settings["client_id"] = name
        keep_quiet()


class ClusterObserver(Observer):
    """Asks one broker for all, the same as before while that answers: two may know different things for a moment."""

    def __init__(self, broker: Broker, name: str) -> None:
        super().__init__(broker)
        self._connections = ClusterConnections(broker.bootstrap_servers, broker.client_config(), name)
        self._controller = ControllerQuestion()
        self._home: int | None = None

    def cluster(self, topics: tuple[str, ...] | None) -> Told:
        """The brokers, and these topics, or all that one may see."""
        return self._ask(lambda deadline: self._look_at_cluster(topics, deadline))

    def _look_at_cluster(self, topics: tuple[str, ...] | None, deadline: float) -> Told:
        manager = self._connections.admin(deadline)._manager
        self._home, cluster, metadata = manager.run(_ask_one, manager, self._home, topics)
        running = frozenset(one.broker_id for one in cluster.brokers if not one.is_fenced)
        # Of one that has come since, the client has no address.
        if not running <= {one.node_id for one in manager.cluster.brokers()}:
            manager.call_soon(manager.cluster.request_update)
        # Not through this broker, where there is another: the next look would wait for the answer.
        self._controller.go_on(manager, sorted(running - {self._home}) or [self._home])
        return Told(
            running,
            frozenset(one.broker_id for one in cluster.brokers) - running,
            _there(metadata.topics, topics),
            self._controller.id if self._controller.id in running else None,
            self._controller.is_lost,
        )


async def _ask_one(manager: Any, home: int | None, topics: tuple[str, ...] | None) -> tuple[int, Any, Any]:
    from kafka.errors import KafkaError, NodeNotReadyError, NoError, for_code
    from kafka.protocol.admin import DescribeClusterRequest
    from kafka.protocol.metadata import MetadataRequest

    name = MetadataRequest.MetadataRequestTopic
    questions = (
        DescribeClusterRequest(include_fenced_brokers=True),
        MetadataRequest(
            topics=None if topics is None else [name(name=one) for one in topics], allow_auto_topic_creation=False
        ),
    )
    lost: Exception = NodeNotReadyError()
    nodes = [one.node_id for one in manager.cluster.brokers()]
    random.shuffle(nodes)
    for node in sorted(nodes, key=lambda one: one != home):
        try:
            on_their_way = [manager.send(one, node_id=node) for one in questions]
            cluster, metadata = [await one for one in on_their_way]
        except KafkaError as error:  # the next one may be alive: this isn't the time to connect anew
            lost = error
            continue
        if (problem := for_code(cluster.error_code)) is not NoError:
            raise problem(cluster.error_message)
        return node, cluster, metadata
    raise lost


def _there(answers: Iterable[Any], named: tuple[str, ...] | None) -> dict[str, Any]:
    from kafka.errors import InvalidTopicError, NoError, UnknownTopicOrPartitionError, for_code

    found = {}
    for one in answers:
        error = for_code(one.error_code)
        if error is NoError:
            found[one.name] = one
        elif named and error not in (UnknownTopicOrPartitionError, InvalidTopicError):
            raise error(one.name)
    return found


class ClusterLook:
    """A recorder's look at a cluster, with the topics that are named, or all that are the learner's."""

    def __init__(self, broker: Broker, topics: str | Iterable[str] | None = None) -> None:
        names = (topics,) if isinstance(topics, str) else topics
        self.topics = None if names is None else tuple(dict.fromkeys(names))
        self.name = f"learnkafka-view-{os.getpid()}-cluster-{next(_numbers)}"
        self._prefix = broker.prefix
        self._observer = ClusterObserver(broker, self.name)
        self._seen: set[int] = set()
        self._shown: dict[tuple[str, int], ClusterPartition] = {}

    def look(self) -> Seen:
        """The cluster now; `absent` while none of the topics that were named is there."""
        told = self._observer.cluster(self.topics)
        names = [one for one in self.topics or sorted(filter(self._is_ours, told.topics)) if one in told.topics]
        partitions = [
            self._partition(name, one)
            for name in names
            for one in sorted(told.topics[name].partitions, key=lambda one: one.partition_index)
        ]
        self._shown = {(one["topic"], one["number"]): one for one in partitions}
        self._seen |= told.running | told.away | {broker for one in partitions for broker in one["replicas"]}
        content: ClusterContent = {
            "brokers": [{"id": one, "state": _state(one, told)} for one in sorted(self._seen)],
            "topics": names,
            "partitions": partitions,
            "under_replicated": sum(len(one["in_sync"]) < len(one["replicas"]) for one in partitions),
            "without_leader": sum(one["leader"] is None for one in partitions),
            "controller": told.controller,
        }
        missing = [one for one in self.topics or () if one not in told.topics]
        said = [f"There is no topic {' or '.join(map(repr, missing))} yet."] if missing else []
        if told.controller_is_lost:
            said.append(NO_CONTROLLER)
        absent = bool(missing) and not names
        return Seen("absent" if absent else "live", content, " ".join(said), parts=max(1, len(partitions)))

    def close(self) -> None:
        """End the connections."""
        self._observer.close()

    def _is_ours(self, name: str) -> bool:
        return name.startswith(self._prefix) and not name.startswith("__")

    def _partition(self, topic: str, described: Any) -> ClusterPartition:
        new: ClusterPartition = {
            "topic": topic,
            "number": described.partition_index,
            "leader": described.leader_id if described.leader_id >= 0 else None,
            "epoch": described.leader_epoch,
            "replicas": list(described.replica_nodes),
            "in_sync": sorted(described.isr_nodes),
        }
        was = self._shown.get((topic, new["number"]))
        return was if was == new else new  # the old one, so that frames share it


def _state(broker: int, told: Told) -> Literal["running", "away"]:
    return "running" if broker in told.running else "away"
