"""A real Apache Kafka to talk to: an embedded JVM, a container, or a cluster that exists already."""

from learnkafka.broker.handle import Broker, Cluster
from learnkafka.broker.start import running_broker, start_broker, start_cluster

__all__ = ["Broker", "Cluster", "running_broker", "start_broker", "start_cluster"]
