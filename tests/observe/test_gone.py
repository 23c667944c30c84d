"""A broker that ends, or pauses, between two looks; and that a look leaves nothing behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from learnkafka import start_broker
from learnkafka.broker import Broker
from learnkafka.broker.embedded import EmbeddedServer
from learnkafka.errors import BrokerUnreachableError
from learnkafka.observe import Observer
from learnkafka.observe import observer as module
from learnkafka.observe.connections import REQUEST_SECONDS
from tests.stopwatch import Stopwatch

Look = Callable[[Observer], object]

LOOKS: list[Look] = [
    lambda observer: observer.topics(),
    lambda observer: observer.topic("orders"),
    lambda observer: observer.topic("orders", records=True),
    lambda observer: observer.group("readers"),
    lambda observer: observer.configs("orders"),
]
NAMES = ["topics", "topic", "records", "group", "configs"]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> float:
    """A call gives up after 1 s and not 5; returns what it may take with its last try."""
    monkeypatch.setattr(module, "SECONDS", 1.0)
    return 1.0 + REQUEST_SECONDS + 1.0


def pid(broker: Broker) -> int:
    process = broker._server.nodes[1].process  # type: ignore[attr-defined]
    assert process is not None
    return int(process.pid)


def kill(broker: Broker) -> None:
    process = broker._server.nodes[1].process  # type: ignore[attr-defined]
    process.kill()
    process.wait()


@contextmanager
def paused(broker: Broker, until: Callable[..., object]) -> Iterator[None]:
    """Its process stands still: all of its threads, which stop one after another."""
    process = psutil.Process(pid(broker))
    process.suspend()
    try:
        until(lambda: {psutil.Process(one.id).status() for one in process.threads()} == {psutil.STATUS_STOPPED})
        yield
    finally:
        process.resume()


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if "learnkafka-observer" in one.name]


def refused(observer: Observer, look: Look) -> tuple[float, str]:
    """How long it takes until the look is refused, and with which words."""
    stopwatch = Stopwatch()
    with pytest.raises(BrokerUnreachableError) as error:
        look(observer)
    assert "\n" not in str(error.value)
    assert "run the cell that starts it again" in str(error.value)
    return stopwatch.seconds(), str(error.value)


@pytest.mark.parametrize("end", [kill, Broker.stop], ids=["killed", "stopped"])
def test_ended_broker_is_refused_at_once(mortal: Broker, end: Callable[[Broker], None]) -> None:
    """Where this machine can see that it has ended, nothing is waited for, whatever was asked before."""
    with Observer(mortal) as observer:
        for look in LOOKS:
            look(observer)
        end(mortal)
        for look in LOOKS:
            taken, said = refused(observer, look)
            assert taken < 1
            assert "has ended" in said
        assert threads() == []


def test_killed_broker_elsewhere(mortal: Broker, short: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a broker on another machine nobody can tell whether it runs: it is refused when the time is up."""
    monkeypatch.setattr(mortal._server, "is_alive", lambda: True)
    with Observer(mortal) as observer:
        for look in LOOKS:
            look(observer)
        kill(mortal)
        for look in LOOKS:
            taken, said = refused(observer, look)
            assert taken < short
            assert "didn't answer within 1 s" in said
        assert threads() == []


@pytest.mark.parametrize("look", LOOKS, ids=NAMES)
def test_paused_broker(
    paused_often: tuple[Broker, Observer], short: float, look: Look, until: Callable[..., object]
) -> None:
    """It is refused within the bound, and told as before when it goes on."""
    broker, observer = paused_often
    before = look(observer)
    with paused(broker, until):
        assert refused(observer, look)[0] < short
    assert look(observer) == before


@pytest.fixture(scope="module")
def paused_often() -> Iterator[tuple[Broker, Observer]]:
    broker = start_broker(kind="embedded", new=True)
    broker.topic("orders")
    with Observer(broker) as observer:
        yield broker, observer
    broker.stop()


def test_real_bound(paused_often: tuple[Broker, Observer], until: Callable[..., object]) -> None:
    """With nothing shortened, a paused broker is refused after about 5 s."""
    broker, observer = paused_often
    observer.topic("orders", records=True)
    with paused(broker, until):
        began = time.monotonic()  # stolen time is time in which it waited, too
        taken, said = refused(observer, LOOKS[2])
        assert time.monotonic() - began > 4
    assert taken < 5 + REQUEST_SECONDS + 3  # tests share the machine
    assert "within 5 s" in said


def test_close(mortal: Broker) -> None:
    """Threads and connections end with it, once and for all; a later look opens them again."""
    observer = Observer(mortal)
    observer.close()
    for _ in range(2):
        observer.topic("orders", records=True)
        assert len(threads()) == 2
        observer.close()
        observer.close()
        assert threads() == []
    port = int(mortal.bootstrap_servers.rpartition(":")[2])
    mine = psutil.Process().net_connections(kind="tcp")
    assert not [one for one in mine if one.raddr and one.raddr.port == port and one.status == psutil.CONN_ESTABLISHED]


def test_threads_share_an_observer(mortal: Broker) -> None:
    """Looks from several threads don't get in each other's way."""
    names = [mortal.topic(f"topic-{number}", partitions=number) for number in (1, 2, 3)]
    seen: dict[str, list[int]] = {name: [] for name in names}
    with Observer(mortal) as observer:

        def look(name: str) -> None:
            for _ in range(20):
                topic = observer.topic(name, records=True)
                assert topic is not None
                seen[name].append(len(topic.partitions))

        started = [threading.Thread(target=look, args=(name,)) for name in names]
        for one in started:
            one.start()
        for one in started:
            one.join()
    assert list(seen.values()) == [[1] * 20, [2] * 20, [3] * 20]


def test_looking_makes_nothing(until: Callable[..., object]) -> None:
    """No topic, not even where asking makes one (auto.create.topics.enable) or where nobody has used a group yet."""
    server = EmbeddedServer(adjust=lambda node: {"auto.create.topics.enable": "true"})
    broker = Broker(server)
    try:
        with Observer(broker) as observer, KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers) as admin:
            assert observer.group("nobody") is None
            assert observer.topic("nowhere", records=True) is None
            assert observer.configs("nowhere") is None
            assert observer.topics() == frozenset()
            name = broker.topic("brief")
            with KafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
                producer.send(name, b"read").get(timeout=20)
            read = observer.topic(name, records=True)
            assert read is not None
            assert read.records
            # A topic that goes after it was read: the consumer goes on asking for its leaders now and then.
            admin.delete_topics([name])
            until(lambda: name not in admin.list_topics())
            asked = observer._connections.consumer(time.monotonic() + 5)._client.cluster.request_update()
            until(lambda: asked.is_done)
            # Any other consumer does make the topic that it asks for. The broker makes them one after another.
            with KafkaConsumer(bootstrap_servers=broker.bootstrap_servers) as other:
                other.assign([TopicPartition("made", 0)])
                until(lambda: "made" in admin.list_topics())
            assert observer.topics() == {"made"}
            assert admin.list_groups() == []
    finally:
        broker.stop()
