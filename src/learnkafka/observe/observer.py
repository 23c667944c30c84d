"""Looking at a broker's topics and groups, without a trace and within a bound."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from learnkafka.broker.environment import patience
from learnkafka.errors import BrokerError, BrokerUnreachableError
from learnkafka.observe.connections import Connections
from learnkafka.observe.frames import Config, Group, Topic
from learnkafka.observe.groups import look_at_group
from learnkafka.observe.partitions import NotSettledError, ask_leaders, partitions_of, places_of
from learnkafka.observe.reading import read_records

if TYPE_CHECKING:
    from learnkafka.broker import Broker

SECONDS = 5.0
"""How long a call may take, about; longer where `LEARNKAFKA_PATIENCE` asks for that."""
SETTLE_SECONDS = 1.0
"""How long a leader that is only taking over is waited for; what it can't say then is None."""
PAUSE_SECONDS = 0.02

Answer = TypeVar("Answer")


class Observer:
    """Tells what a broker knows, as often as one likes: its clients stay open between calls.

    It joins no group, commits nothing and makes no topic. Threads may share it; they are served one by one. Every call
    raises BrokerUnreachableError when the broker is gone, at once where that can be seen and after about 5 s otherwise.
    The next call then starts afresh, so that it works when the broker is back.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connections = Connections(broker.bootstrap_servers, broker.client_config())
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connections; a call after this opens new ones."""
        with self._lock:
            self._connections.close()

    def topics(self) -> frozenset[str]:
        """The names of all topics that one may see, Kafka's own (`__consumer_offsets`) among them."""
        return self._ask(lambda deadline: frozenset(self._connections.admin(deadline).list_topics()))

    def topic(self, name: str, *, records: bool = False, since: Mapping[int, int] | None = None) -> Topic | None:
        """The topic now; None when there is none of this name.

        With `records`, also what each partition holds up to its high watermark, cancelled transactions' records
        included. `since` has the first offset to read for a partition's number; others are read from the log's start.
        A topic too large to be read within the time comes with the first part; go on with `since`.
        """
        return self._ask(lambda deadline: self._look_at_topic(name, records, since or {}, deadline))

    def group(self, name: str) -> Group | None:
        """The consumer group now; None when the broker knows none of this name."""
        return self._ask(lambda deadline: look_at_group(self._connections.admin(deadline), name, _settled_by(deadline)))

    def configs(self, topic: str) -> dict[str, Config] | None:
        """Every setting in force for a topic, by name; None when there is no such topic, or one may not see them."""
        return self._ask(lambda deadline: _configs(self._connections.admin(deadline), topic))

    def _look_at_topic(self, name: str, records: bool, since: Mapping[int, int], deadline: float) -> Topic | None:
        from kafka.errors import TopicAuthorizationFailedError

        admin = self._connections.admin(deadline)
        described = _described(admin, name)
        if described is None:
            return None
        partitions = partitions_of(described, ask_leaders(admin, places_of([described]), _settled_by(deadline)))
        if not records:
            return Topic(name, partitions)
        spans = {
            one.number: (max(one.log_start, since.get(one.number, 0)), one.high_watermark)
            for one in partitions
            if one.log_start is not None and one.high_watermark is not None
        }
        try:
            return Topic(name, partitions, read_records(self._connections.consumer(deadline), name, spans, deadline))
        except TopicAuthorizationFailedError:
            return Topic(name, partitions)

    def _ask(self, question: Callable[[float], Answer]) -> Answer:
        from kafka.errors import AuthorizationError, KafkaError

        with self._lock:
            seconds = SECONDS * patience()
            deadline = time.monotonic() + seconds
            while True:
                if not self._broker.is_running:
                    self._connections.close()
                    raise BrokerUnreachableError("The broker has ended; run the cell that starts it again.")
                try:
                    return question(deadline)
                except NotSettledError as error:
                    problem: Exception = error
                except AuthorizationError as error:
                    raise BrokerError(
                        f"You may not look at this on the cluster ({type(error).__name__}); ask who runs it for the right."
                    ) from error
                except (KafkaError, OSError, RuntimeError) as error:  # RuntimeError: a client whose thread has ended
                    self._connections.close()  # a client that has failed may go on failing when the broker is back
                    problem = error
                if time.monotonic() > deadline - PAUSE_SECONDS:
                    self._connections.close()
                    raise BrokerUnreachableError(
                        f"The broker didn't answer within {seconds:g} s ({type(problem).__name__}); "
                        "if it doesn't come back, run the cell that starts it again."
                    ) from problem
                time.sleep(PAUSE_SECONDS)


def _settled_by(deadline: float) -> float:
    return deadline - (SECONDS - SETTLE_SECONDS) * patience()


def _described(admin: Any, name: str) -> dict[str, Any] | None:
    """What KafkaAdminClient.describe_topics says of one topic; None when there is none."""
    from kafka.errors import InvalidTopicError, NoError, UnknownTopicOrPartitionError, for_code

    described: dict[str, Any] = admin.describe_topics([name])[0]
    error = for_code(described["error_code"])
    if error in (UnknownTopicOrPartitionError, InvalidTopicError):
        return None
    if error is not NoError:
        raise error(name)
    return described


def _configs(admin: Any, topic: str) -> dict[str, Config] | None:
    from kafka.admin import ConfigResource

    # "all": otherwise kafka-python leaves out what nobody has set.
    found = admin.describe_configs([ConfigResource("TOPIC", topic)], config_filter="all")["topic"][topic]
    return {name: Config(name, one["value"], one["config_source"]) for name, one in sorted(found.items())} or None
