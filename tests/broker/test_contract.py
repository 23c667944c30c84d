"""What every kind of broker must do, asked of each kind with the same words."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from learnkafka import start_broker, start_cluster
from learnkafka.broker import Broker, Cluster
from learnkafka.errors import BrokerError, CourseError, NameRefusedError

OWN = ["embedded", pytest.param("container", marks=pytest.mark.docker)]
EXISTING = ["existing, open", "existing, TLS and PLAIN", "existing, TLS and SCRAM"]

Start = Callable[..., Broker]


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One of the kinds, and for a cluster that exists already the environment that describes it."""
    asked: str = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        if asked in EXISTING:
            cluster = request.getfixturevalue("cluster_elsewhere")
            listener = "PLAIN" if asked == EXISTING[0] else "SECURE"
            mechanism = "SCRAM-SHA-256" if asked == EXISTING[2] else "PLAIN"
            for name, value in cluster.environment(listener, mechanism).items():
                patch.setenv(name, value)
            patch.setenv("LEARNKAFKA_PREFIX", f"ada-{EXISTING.index(asked)}-")
        yield asked


@pytest.fixture(scope="module")
def kind(case: str) -> str:
    """The word for it."""
    return case.partition(",")[0]


@pytest.fixture(scope="module")
def broker(kind: str) -> Iterator[Broker]:
    """A running one, shared by the tests."""
    started = start_broker(kind)
    yield started
    started.stop()


@pytest.fixture
def another(kind: str) -> Iterator[Start]:
    """Starts one more; what a test doesn't stop is stopped."""
    started: list[Broker] = []

    def start() -> Broker:
        started.append(start_broker(kind, new=True))
        return started[-1]

    yield start
    for one in started:
        one.stop()


every_kind = pytest.mark.parametrize("case", [*OWN, *EXISTING], indirect=True)
own_kinds = pytest.mark.parametrize("case", OWN, indirect=True)
existing_kinds = pytest.mark.parametrize("case", EXISTING, indirect=True)


def send(broker: Broker, topic: str, *values: bytes) -> None:
    with KafkaProducer(bootstrap_servers=broker.bootstrap_servers, **broker.client_config()) as producer:
        for sent in [producer.send(topic, value, partition=0) for value in values]:
            sent.get(timeout=20)


def values_in(broker: Broker, topic: str, partitions: int = 1, **options: Any) -> list[bytes]:
    """All values from the first to the one that is last now."""
    places = [TopicPartition(topic, number) for number in range(partitions)]
    found: list[bytes] = []
    with KafkaConsumer(
        bootstrap_servers=broker.bootstrap_servers, enable_auto_commit=False, **broker.client_config(), **options
    ) as consumer:
        consumer.assign(places)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(places, timeout_ms=20_000)
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=1000).values():
                found += [record.value for record in records]
    return found


def admin_of(broker: Broker) -> KafkaAdminClient:
    return KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers, **broker.client_config())


@every_kind
def test_is_ready_when_it_is_returned(broker: Broker) -> None:
    """It runs, and a record sent at once is acknowledged and comes back."""
    assert broker.is_running
    topic = broker.topic("ready")
    send(broker, topic, b"first")
    assert values_in(broker, topic) == [b"first"]


@every_kind
def test_leaves_no_topic_of_its_own(broker: Broker, until: Callable[..., Any]) -> None:
    """The topic with which readiness was found out is gone soon."""
    with admin_of(broker) as admin:
        until(lambda: not [name for name in admin.list_topics() if name.startswith("learnkafka-ready")], 20)


@every_kind
def test_repr_is_the_same_text_for_every_kind(broker: Broker) -> None:
    """No address, no kind: notebooks print it, and what they print is compared."""
    assert repr(broker) == "<Kafka broker: running>"


@every_kind
def test_same_arguments_give_the_same_handle(broker: Broker, kind: str) -> None:
    """A cell that is run again doesn't start another broker."""
    assert start_broker(kind) is broker


@every_kind
def test_new_gives_another_and_stop_ends_it(broker: Broker, another: Start, kind: str) -> None:
    """`new=True` gives a broker beside the first; stopped twice it says that it is stopped, and the first goes on."""
    second = another()
    assert second is not broker
    assert start_broker(kind) is broker
    topic = second.topic("second")
    second.stop()
    second.stop()
    assert repr(second) == "<Kafka broker: stopped>"
    assert not second.is_running
    assert broker.is_running
    with admin_of(broker) as admin:
        assert topic not in admin.list_topics()


@own_kinds
def test_two_at_once_share_nothing(broker: Broker, another: Start) -> None:
    """A topic of one is not on the other, and each has an address of its own."""
    second = another()
    topic = broker.topic("alone")
    assert second.bootstrap_servers != broker.bootstrap_servers
    with admin_of(second) as admin:
        assert topic not in admin.list_topics()


@own_kinds
def test_stopped_one_is_started_anew(kind: str, another: Start) -> None:
    """After stop() the same call gives one that runs, without what the old one held."""
    first = another()
    first.topic("gone")
    first.stop()
    second = another()
    assert second is not first
    with admin_of(second) as admin:
        assert "gone" not in admin.list_topics()


@own_kinds
def test_one_that_died_is_started_anew(
    kind: str, broker: Broker, until: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed from outside, the handle says that it is gone, and the same call gives another that works."""
    monkeypatch.setenv("LEARNKAFKA_BROKER", kind)  # a key of its own among the running brokers
    first = start_broker()
    kill_what_listens_at(first.bootstrap_servers, kind)
    until(lambda: repr(first) == "<Kafka broker: gone>", 10)
    second = start_broker()
    try:
        assert second is not first
        topic = second.topic("again")
        send(second, topic, b"again")
        assert values_in(second, topic) == [b"again"]
        assert repr(first) == "<Kafka broker: stopped>"
    finally:
        second.stop()


def kill_what_listens_at(bootstrap_servers: str, kind: str) -> None:
    port = int(bootstrap_servers.rpartition(":")[2])
    if kind == "container":
        import docker

        client = docker.from_env()
        for container in client.containers.list(filters={"publish": str(port)}):
            container.kill()
        client.close()
        return
    owner = next(one.pid for one in psutil.net_connections("tcp") if one.laddr.port == port and one.status == "LISTEN")
    psutil.Process(owner).send_signal(signal.SIGKILL)


@every_kind
def test_names_stand_under_the_learners_prefix(broker: Broker, case: str) -> None:
    """A cluster that others use has the prefix before every name; a broker of one's own has none."""
    prefix = f"ada-{EXISTING.index(case)}-" if case in EXISTING else ""
    assert broker.name("inventory") == f"{prefix}inventory"
    assert broker.topic("orders-eu") == f"{prefix}orders-eu"
    with admin_of(broker) as admin:
        assert f"{prefix}orders-eu" in admin.list_topics()


@every_kind
@pytest.mark.parametrize("name", ["two words", "", "Bücher", "a/b", "..", "x" * 250, 7], ids=range(7))
def test_refuses_a_name_before_kafka_does(broker: Broker, name: Any) -> None:
    """What can't be a topic's name is refused with the rule, and nothing is made."""
    with pytest.raises(NameRefusedError) as refused:
        broker.topic(name)
    assert "\n" not in str(refused.value)


@every_kind
def test_transactions_commit_and_abort(broker: Broker) -> None:
    """A reader of committed records sees those of the committed transaction, and none of the aborted one."""
    topic = broker.topic("ledger")
    with KafkaProducer(
        bootstrap_servers=broker.bootstrap_servers, transactional_id=broker.name("till"), **broker.client_config()
    ) as producer:
        producer.init_transactions()
        producer.begin_transaction()
        producer.send(topic, b"paid").get(timeout=20)
        producer.commit_transaction()
        producer.begin_transaction()
        producer.send(topic, b"cancelled").get(timeout=20)
        producer.abort_transaction()
    assert values_in(broker, topic, isolation_level="read_committed") == [b"paid"]
    assert values_in(broker, topic) == [b"paid", b"cancelled"]


@every_kind
def test_topic_made_anew_is_empty(broker: Broker, until: Callable[..., Any]) -> None:
    """Made again, a topic of ours has the new partition count, no records, and no group's old offsets."""
    topic, group = broker.topic("again", partitions=2), broker.name("readers")
    send(broker, topic, b"one", b"two")
    with KafkaConsumer(
        topic,
        bootstrap_servers=broker.bootstrap_servers,
        group_id=group,
        auto_offset_reset="earliest",
        **broker.client_config(),
    ) as consumer:
        until(lambda: consumer.poll(timeout_ms=500), 30)
        consumer.commit()
    with admin_of(broker) as admin:
        assert admin.list_group_offsets(group)[group][TopicPartition(topic, 0)].offset == 2
        assert broker.topic("again", partitions=3) == topic
        assert len(admin.describe_topics([topic])[0]["partitions"]) == 3
        assert values_in(broker, topic, partitions=3) == []
        until(lambda: not [one for one in admin.list_group_offsets(group)[group] if one.topic == topic], 10)


@every_kind
def test_topic_takes_kafkas_settings(broker: Broker) -> None:
    """Underscores stand for dots, and numbers and truth values are written as Kafka reads them."""
    topic = broker.topic(
        "kept", retention_ms=2000, cleanup_policy="compact,delete", unclean_leader_election_enable=True
    )
    with admin_of(broker) as admin:
        from kafka.admin import ConfigResource

        found = admin.describe_configs([ConfigResource("TOPIC", topic)])
    seen = next(iter(found.values()))[topic]
    assert {name: setting["value"] for name, setting in seen.items()} == {
        "retention.ms": "2000",
        "cleanup.policy": "compact,delete",
        "unclean.leader.election.enable": "true",
    }


@every_kind
@pytest.mark.parametrize(
    ("options", "word"),
    [({"retention_weeks": 2}, "retention.weeks"), ({"retention_ms": "long"}, "long"), ({"partitions": 0}, "partition")],
)
def test_refused_topic_says_why(broker: Broker, options: dict[str, Any], word: str) -> None:
    """What Kafka refuses comes with Kafka's reason, in one line, and leaves no topic."""
    with pytest.raises(BrokerError, match=word) as refused:
        broker.topic("refused", **options)
    assert "\n" not in str(refused.value)
    with admin_of(broker) as admin:
        assert broker.name("refused") not in admin.list_topics()


@every_kind
def test_kafkas_own_tools_run(broker: Broker) -> None:
    """A script by its name lists topics, reads what it is given to type, and says why it failed."""
    topic = broker.topic("typed")
    broker.tool("kafka-console-producer.sh", "--topic", topic, text="one\ntwö\n")
    assert values_in(broker, topic) == [b"one", "twö".encode()]
    assert topic in broker.tool("kafka-topics.sh", "--list").splitlines()
    with pytest.raises(BrokerError, match=r"kafka-topics\.sh ended with status 1: .") as refused:
        broker.tool("kafka-topics.sh", "--describe", "--topic", broker.name("nowhere"))
    assert "\n" not in str(refused.value)


@every_kind
def test_unknown_tool_is_refused(broker: Broker) -> None:
    """A script that isn't one names those that are."""
    with pytest.raises(BrokerError, match=r"kafka-topics\.sh"):
        broker.tool("kafka-magic.sh")


@every_kind
def test_data_files(broker: Broker, kind: str) -> None:
    """A partition's files with their sizes; None where the disk can't be seen, {} where there is no such partition."""
    topic = broker.topic("filed")
    send(broker, topic, b"x" * 1000)
    files = broker.data_files(topic, 0)
    if kind == "existing":
        assert files is None
        return
    assert files is not None
    assert files["00000000000000000000.log"] > 1000
    assert broker.data_files(topic, 7) == {}
    dumped = broker.tool("kafka-dump-log.sh", "--files", f"{{data}}/{topic}-0/00000000000000000000.log")
    assert "baseOffset: 0" in dumped


@existing_kinds
def test_dump_log_is_refused_on_an_existing_cluster(broker: Broker) -> None:
    """The tool that reads the broker's disk says that this disk can't be seen."""
    with pytest.raises(BrokerError, match="disk"):
        broker.tool("kafka-dump-log.sh", "--files", "x")


@existing_kinds
def test_stop_deletes_what_the_course_made_and_nothing_else(broker: Broker, another: Start) -> None:
    """Our topics and groups go; those under our prefix that were there before stay, and aren't made anew."""
    prefix = broker.name("x")[:-1]
    with admin_of(broker) as admin:
        foreign, foreign_group = f"{prefix}foreign", f"{prefix}foreign-group"
        admin.create_topics({foreign: {"num_partitions": 1}}, wait_for_metadata=True)
        become_a_group(broker, foreign, foreign_group)
        visitor = another()
        ours, group = visitor.topic("ours"), visitor.name("our-group")
        assert visitor.name("foreign-group") == foreign_group
        become_a_group(visitor, ours, group)
        with pytest.raises(BrokerError, match="didn't make"):
            visitor.topic("foreign")
        visitor.stop()
        there = admin.list_topics()
        assert ours not in there
        assert foreign in there
        groups = {one["group_id"] for one in admin.list_groups()}
        assert group not in groups
        assert foreign_group in groups
        admin.delete_topics([foreign])
        admin.delete_groups([foreign_group])


def become_a_group(broker: Broker, topic: str, group: str) -> None:
    with KafkaConsumer(bootstrap_servers=broker.bootstrap_servers, group_id=group, **broker.client_config()) as one:
        one.assign([TopicPartition(topic, 0)])
        one.seek(TopicPartition(topic, 0), 0)
        one.commit()


@existing_kinds
def test_next_start_deletes_what_a_killed_kernel_made(broker: Broker, another: Start) -> None:
    """A ledger whose owner is dead is worked off by the next connection to the same cluster, and removed."""
    from learnkafka.broker.ledger import ledgers_directory

    visitor = another()
    topic = visitor.topic("orphan")
    ours = max(ledgers_directory().glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    content = json.loads(ours.read_text())
    assert topic in content["names"]
    orphan = ours.with_name(f"{dead_owner()}-abcdef.json")
    ours.rename(orphan)
    another()
    assert not orphan.exists()
    with admin_of(broker) as admin:
        assert topic not in admin.list_topics()


def dead_owner() -> str:
    """A tag whose process id is in use, by a process that started at another time."""
    return f"{Path('/proc/self').resolve().name}-1000000000" if Path("/proc/self").exists() else "1-1000000000"


# Several brokers.


@pytest.fixture(scope="module")
def cluster(kind: str) -> Iterator[Cluster]:
    """Three brokers, shared by the tests; each leaves all of them running."""
    started = start_cluster(3, kind)
    yield started
    started.stop()


def numbers(cluster: Cluster) -> list[int]:
    with admin_of(cluster) as admin:
        return sorted(one["broker_id"] for one in admin.describe_cluster()["brokers"] if not one["is_fenced"])


@own_kinds
def test_cluster_has_three_brokers(cluster: Cluster, kind: str) -> None:
    """All three are counted in, each with an address, and records have three replicas by default."""
    assert repr(cluster) == "<Kafka cluster of 3 brokers: running>"
    assert start_cluster(3, kind) is cluster
    assert numbers(cluster) == [1, 2, 3]
    assert len(set(cluster.bootstrap_servers.split(","))) == 3
    topic = cluster.topic("copied", partitions=3)
    with admin_of(cluster) as admin:
        partitions = admin.describe_topics([topic])[0]["partitions"]
    assert [sorted(one["replica_nodes"]) for one in partitions] == [[1, 2, 3]] * 3
    assert cluster.data_files(topic, 0) is not None


@own_kinds
def test_broker_of_a_cluster_stops_and_starts(cluster: Cluster, until: Callable[..., Any]) -> None:
    """A stopped one is missed and, started again, counted in; the cluster goes on without it."""
    cluster.stop_broker(3)
    until(lambda: numbers(cluster) == [1, 2], 30)
    topic = cluster.topic("meanwhile", replication_factor=2)
    send(cluster, topic, b"still here")
    with pytest.raises(BrokerError, match=r"Broker 3 isn't running; start it with cluster\.start_broker\(3\)\."):
        cluster.stop_broker(3)
    cluster.start_broker(3)
    assert numbers(cluster) == [1, 2, 3]
    cluster.start_broker(3)  # already runs: nothing to do
    assert values_in(cluster, topic) == [b"still here"]


@own_kinds
def test_tools_and_files_while_the_first_broker_is_away(cluster: Cluster, until: Callable[..., Any]) -> None:
    """What a lesson looks at is there as long as any broker that has it runs."""
    topic = cluster.topic("everywhere")
    cluster.stop_broker(1)
    try:
        until(lambda: numbers(cluster) == [2, 3], 30)
        assert topic in cluster.tool("kafka-topics.sh", "--list").splitlines()
        assert "00000000000000000000.log" in (cluster.data_files(topic, 0) or {})
    finally:
        cluster.start_broker(1)
    assert numbers(cluster) == [1, 2, 3]


@own_kinds
@pytest.mark.soak
def test_acknowledged_records_outlive_a_killed_leader(cluster: Cluster, until: Callable[..., Any]) -> None:
    """With acks=all, every record that was acknowledged is there after its leader was killed in mid-stream."""
    topic = cluster.topic("durable")
    with admin_of(cluster) as admin:
        leader = admin.describe_topics([topic])[0]["partitions"][0]["leader_id"]
    acknowledged: list[bytes] = []
    ended = threading.Event()

    def produce() -> None:
        with KafkaProducer(bootstrap_servers=cluster.bootstrap_servers, acks="all") as producer:
            number = 0
            while not ended.is_set():
                value = b"%d" % number
                producer.send(topic, value).get(timeout=40)
                acknowledged.append(value)
                number += 1

    thread = threading.Thread(target=produce)
    thread.start()
    try:
        until(lambda: len(acknowledged) > 20, 30)
        cluster.kill_broker(leader)
        before = len(acknowledged)
        until(lambda: len(acknowledged) > before + 50, 60)
    finally:
        ended.set()
        thread.join(60)
    kept = values_in(cluster, topic)
    cluster.start_broker(leader)
    assert set(acknowledged) <= set(kept)
    assert kept == sorted(set(kept), key=int), "a record is there twice, or out of order"
    assert numbers(cluster) == [1, 2, 3]


@own_kinds
@pytest.mark.parametrize("number", [0, 4, "1", -1])
def test_unknown_broker_of_a_cluster_is_refused(cluster: Cluster, number: Any) -> None:
    """A number that no broker has is refused with those there are."""
    for act in (cluster.stop_broker, cluster.kill_broker, cluster.start_broker):
        with pytest.raises(BrokerError, match=r"there are 1 to 3\."):
            act(number)


@pytest.mark.parametrize("brokers", [0, 10, "3", None])
def test_number_of_brokers_is_checked(brokers: Any) -> None:
    """A cluster of none, of too many or of something else is refused."""
    with pytest.raises(CourseError, match="1 to 9 brokers"):
        start_cluster(brokers, "embedded")


@pytest.mark.parametrize("case", EXISTING[:1], indirect=True)
def test_cluster_of_an_existing_kind(case: str) -> None:
    """Nobody's brokers but ours are stopped: asked for by name it is refused, meant by the environment it is our own."""
    with pytest.raises(BrokerError, match="aren't ours"):
        start_cluster(2, "existing")
