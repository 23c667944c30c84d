"""The words that a notebook of the course uses; Kafka itself is spoken to with kafka-python."""

from learnkafka.broker import start_broker, start_cluster
from learnkafka.purchases import purchases

__all__ = ["purchases", "start_broker", "start_cluster"]
