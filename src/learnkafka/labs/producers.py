"""What checks on producers have in common: what became of the records that a producer was given, and a network that loses answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from learnkafka.labs.comparing import same
from learnkafka.labs.misconceptions import SEND_STORES
from learnkafka.labs.showing import counted
from learnkafka.labs.verdict import Verdict, wrong


class Watch:
    """Notes what is handed to a producer from now on."""

    def __init__(self, producer: Any) -> None:
        self._send = producer.send
        self.futures: list[Any] = []
        self._finished = 0  # sends that found everything before them answered
        producer.send = self._noted

    def _noted(self, *arguments: Any, **settings: Any) -> Any:
        self._finished += self.all_answered
        future = self._send(*arguments, **settings)
        self.futures.append(future)
        return future

    @property
    def all_answered(self) -> bool:
        """Whether the broker has said something to each record."""
        return all(future.is_done for future in self.futures)

    @property
    def one_at_a_time(self) -> bool:
        """Whether each record was sent when the one before had been answered."""
        return len(self.futures) > 2 and self._finished == len(self.futures)


class Sends:
    """What all producers together were given for a topic."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}  # of each value, in the order in which they came
        self.acks: set[object] = set()  # as kafka-python keeps it: -1 is all
        self.transactions = False

    @property
    def leader_alone(self) -> bool:
        """Whether somebody didn't ask for an answer that counts copies."""
        return bool(self.acks & {0, 1})


@contextmanager
def sends_in_turn(topic: str, partitions: int) -> Iterator[Sends]:
    """While this lasts, values go to the topic's partitions in turn, unless the sender names one: by itself it would be chance."""
    from kafka import KafkaProducer

    sends, send = Sends(), KafkaProducer.send

    @wraps(send)
    def noted(
        self: Any,
        topic: str,
        value: Any = None,
        key: Any = None,
        headers: Any = None,
        partition: Any = None,
        timestamp_ms: Any = None,
    ) -> Any:
        if same(topic, wanted):
            sends.acks.add(self.config["acks"])
            sends.transactions |= self.config["transactional_id"] is not None
            place = sends.places.setdefault(_text(value), len(sends.places))  # the same one, when it is sent again
            partition = place % partitions if partition is None else partition
        return send(self, topic, value, key, headers, partition, timestamp_ms)

    wanted = topic
    KafkaProducer.send = noted
    try:
        yield sends
    finally:
        KafkaProducer.send = send


def _text(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a class of their own may raise whatever it likes
        return object.__repr__(value)


def came_back_early(orders: int) -> Verdict:
    """For a function that `never_waits`: whether the orders are there when one looks is chance."""
    return wrong(
        "The function comes back without waiting for any answer.",
        expected=f"{counted(orders, 'order')} stored for certain when it comes back",
        observed="nothing in it waits until the broker has answered",
        misconception=SEND_STORES,
    )


def lossy_network() -> Any:
    """A class for `kafka_client=`, each of whose objects loses the first request with records, and the broker's answer to the second.

    So whoever sends once stores nothing, and whoever sends again without being recognised stores something twice.
    Its `opened` lists the settings of the producers that it was opened for.
    """
    from kafka.errors import KafkaConnectionError
    from kafka.future import Future
    from kafka.net.compat import KafkaNetClient
    from kafka.protocol.producer import ProduceRequest

    class LossyNetwork(KafkaNetClient):  # type: ignore[misc]
        opened: list[dict[str, Any]] = []  # noqa: RUF012 - one list for all its objects is what is wanted

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.opened.append(settings)
            self._sent = 0

        def send(self, node_id: Any, request: Any, **options: Any) -> Any:
            if not isinstance(request, ProduceRequest):
                return super().send(node_id, request, **options)
            self._sent += 1
            if self._sent == 1:
                return Future().failure(KafkaConnectionError("the request was lost"))
            answer = super().send(node_id, request, **options)
            if self._sent > 2:
                return answer
            lost = Future()
            answer.add_both(lambda _: lost.failure(KafkaConnectionError("the broker's answer was lost")))
            return lost

    return LossyNetwork
