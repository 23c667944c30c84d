"""The settings of our brokers, written once for the embedded broker, the container and docker-compose.yml.

Names are Apache Kafka's own (https://kafka.apache.org/documentation/#brokerconfigs).
"""

from __future__ import annotations

CLUSTER_ID = "3Db5QLSqSZieL3rJBUUegA"  # fixed: a random one may begin with "-", and Kafka takes that for an option

LESSON_SPEED = {
    # A group's first members are settled at once, and a dead one is noticed within seconds.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # Retention and compaction act within a lesson's patience, not within minutes.
    "log.initial.task.delay.ms": "500",
    "log.retention.check.interval.ms": "500",
    "log.cleaner.backoff.ms": "500",
    "log.segment.delete.delay.ms": "1000",
    # The default sets 128 MB aside for compaction; the shop's orders need far less.
    "log.cleaner.dedupe.buffer.size": "2097152",
}

FAILOVER_SPEED = {
    # A dead broker's partitions get another leader within seconds.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    "controller.quorum.election.timeout.ms": "500",
    # A container that is gone doesn't refuse a connection. Who tries for the default of 10 s, up to 30 s, passes no
    # request on to the new controller meanwhile, although there is one.
    "socket.connection.setup.timeout.ms": "1000",
    "socket.connection.setup.timeout.max.ms": "2000",
}

# The image has Java set up for a server of its own: three with a heap of 1 GB and an optimising compiler each are much
# for a laptop (12 seconds of the processor for their start; with this, 7). One broker runs as the image has it.
CLUSTER_JAVA = {
    "KAFKA_HEAP_OPTS": "-Xmx512M",
    "KAFKA_JVM_PERFORMANCE_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


def broker_settings(
    *,
    node_id: int,
    brokers: int,
    voters: str,
    listeners: str,
    advertised: str,
    between_brokers: str,
    data_directory: str,
) -> dict[str, str]:
    """Every property of one node that is broker and controller at once (KRaft, static voters).

    `voters`, `listeners` and `advertised` are as in `controller.quorum.voters`, `listeners` and
    `advertised.listeners`; `between_brokers` names the listener that the brokers use among themselves.
    """
    replicas, in_sync = str(min(brokers, 3)), str(min(brokers, 2))
    return {
        "process.roles": "broker,controller",
        "node.id": str(node_id),
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": listeners,
        "advertised.listeners": advertised,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": between_brokers,
        "log.dirs": data_directory,
        # A topic is made by whoever means to, as on most production clusters: a misspelt name is an error.
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        # Kafka's own topics: by default they have 50 partitions and want three brokers.
        "offsets.topic.num.partitions": replicas,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.num.partitions": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": replicas,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        **LESSON_SPEED,
        **(FAILOVER_SPEED if brokers > 1 else {}),
    }


def container_settings(number: int, brokers: int, port: int, data_directory: str) -> dict[str, str]:
    """The settings of broker `number` of so many in containers that know each other as `kafka-1`, `kafka-2`, ….

    `port` is both the container's and the host's: clients on the host come in through localhost.
    """
    return broker_settings(
        node_id=number,
        brokers=brokers,
        voters=",".join(f"{one}@kafka-{one}:19093" for one in range(1, brokers + 1)),
        listeners=f"PLAINTEXT://0.0.0.0:{port},BROKER://0.0.0.0:19092,CONTROLLER://0.0.0.0:19093",
        advertised=f"PLAINTEXT://localhost:{port},BROKER://kafka-{number}:19092",
        between_brokers="BROKER",
        data_directory=data_directory,
    )


def container_environment(number: int, brokers: int, port: int, data_directory: str) -> dict[str, str]:
    """The environment of that container: its settings, and where there are several, how Java runs."""
    settings = as_environment(container_settings(number, brokers, port, data_directory))
    return settings | (CLUSTER_JAVA if brokers > 1 else {})


def as_properties(settings: dict[str, str]) -> str:
    """The settings as the text of a `server.properties` file."""
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def as_environment(settings: dict[str, str]) -> dict[str, str]:
    """The settings as the environment variables from which the `apache/kafka` image makes its configuration."""
    return {"CLUSTER_ID": CLUSTER_ID} | {
        "KAFKA_" + name.replace("_", "__").replace("-", "___").replace(".", "_").upper(): value
        for name, value in settings.items()
    }
