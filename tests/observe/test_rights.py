"""A cluster on which a learner may do little: what one may not see is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from learnkafka.broker import Broker
from learnkafka.broker.embedded import EmbeddedServer, Node
from learnkafka.broker.ports import free_ports
from learnkafka.errors import BrokerError, BrokerUnreachableError
from learnkafka.observe import Observer

RIGHTS = {
    "readable": [ACLOperation.READ, ACLOperation.DESCRIBE_CONFIGS],
    "visible": [ACLOperation.DESCRIBE],
    "hidden": [],
}


class Restricted(EmbeddedServer):
    """Who comes in without a login may do all; `ada` may do what she is given the right to."""

    def __init__(self) -> None:
        (self.login_port,) = free_ports(1)
        super().__init__(adjust=self.with_login)

    def with_login(self, node: Node) -> Mapping[str, str]:
        plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required user_ada="engine";'
        own, login = f"PLAINTEXT://127.0.0.1:{node.port}", f"LOGIN://127.0.0.1:{self.login_port}"
        return {
            "listeners": f"{own},{login},CONTROLLER://127.0.0.1:{node.controller_port}",
            "advertised.listeners": f"{own},{login}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.login.plain.sasl.jaas.config": plain,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }


@pytest.fixture(scope="module")
def restricted() -> Iterator[Restricted]:
    """The cluster, with a record in each topic and a group that ada may not see."""
    server = Restricted()
    try:
        with KafkaAdminClient(bootstrap_servers=server.bootstrap_servers) as admin:
            admin.create_topics({name: {"num_partitions": 1} for name in RIGHTS}, wait_for_metadata=True)
            for name, rights in RIGHTS.items():
                for right in rights:
                    pattern = ResourcePattern(ResourceType.TOPIC, name)
                    admin.create_acls([ACL("User:ada", "*", right, ACLPermissionType.ALLOW, pattern)])
        with KafkaProducer(bootstrap_servers=server.bootstrap_servers) as producer:
            for name in RIGHTS:
                producer.send(name, b"one").get(timeout=20)
        with KafkaConsumer(bootstrap_servers=server.bootstrap_servers, group_id="theirs") as consumer:
            consumer.assign([TopicPartition("hidden", 0)])
            consumer.seek(TopicPartition("hidden", 0), 0)
            consumer.commit()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def adas(restricted: Restricted) -> Iterator[Observer]:
    """An observer with ada's rights."""

    class Adas(Broker):
        bootstrap_servers = f"127.0.0.1:{restricted.login_port}"

        def client_config(self) -> dict[str, object]:
            return {
                "security_protocol": "SASL_PLAINTEXT",
                "sasl_mechanism": "PLAIN",
                "sasl_plain_username": "ada",
                "sasl_plain_password": "engine",
            }

    with Observer(Adas(restricted)) as observer:
        yield observer


def test_size_is_unknown_without_the_right_to_describe_the_cluster(
    adas: Observer, restricted: Restricted, until: Callable[..., object]
) -> None:
    """All else is told."""
    until(lambda: "readable" in adas.topics())
    topic = adas.topic("readable", records=True)
    assert topic is not None
    assert [one.value for one in topic.records or ()] == [b"one"]
    partition = topic.partitions[0]
    assert (partition.log_start, partition.end, partition.high_watermark, partition.size) == (0, 1, 1, None)
    with Observer(Broker(restricted)) as all_seeing:
        free = all_seeing.topic("readable")
    assert free is not None
    assert free.partitions[0].size


def test_records_are_unknown_without_the_right_to_read(adas: Observer) -> None:
    """A topic that one may only see: its partitions, but neither its records nor its settings."""
    topic = adas.topic("visible", records=True)
    assert topic is not None
    assert topic.partitions[0].end == 1
    assert topic.records is None
    assert adas.configs("visible") is None
    assert adas.configs("readable")


def test_hidden_topic_and_group(adas: Observer) -> None:
    """What one may not see at all isn't listed; asked for by name, the topic is refused with the reason."""
    assert adas.topics() == {"readable", "visible"}
    assert adas.group("theirs") is None
    with pytest.raises(BrokerError, match="You may not look at this") as refused:
        adas.topic("hidden")
    assert not isinstance(refused.value, BrokerUnreachableError)
    assert "\n" not in str(refused.value)
