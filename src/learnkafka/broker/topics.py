"""Making a topic, and making it anew, with Kafka's own words when it refuses."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from learnkafka.broker.environment import patience
from learnkafka.errors import BrokerError, NameRefusedError

SECONDS = 30
_LEADERS_SECONDS = 10  # kafka-python's own


def topic_exists(admin: Any, name: str) -> bool:
    """Whether the broker that answers knows such a topic."""
    return name in admin.list_topics()


def create_topic(
    admin: Any,
    name: str,
    *,
    partitions: int,
    replication_factor: int | None,
    configs: Mapping[str, str],
    anew: bool = False,
) -> None:
    """Make the topic, and wait until each partition has a leader. With `anew` one that is there is deleted first."""
    from kafka import errors

    wanted = {"num_partitions": partitions, "replication_factor": replication_factor or -1, "configs": dict(configs)}
    deadline = time.monotonic() + SECONDS * patience()
    if anew and topic_exists(admin, name):
        delete_topics(admin, [name])
    while True:
        answer = admin.create_topics({name: wanted}, raise_errors=False)["topics"][0]
        refusal = errors.for_code(answer["error_code"])
        if refusal is errors.NoError:
            admin.wait_for_topics([name], timeout_ms=_LEADERS_SECONDS * 1000 * patience())
            _wait_until_all_know(admin, name, partitions)
            return
        # A topic of this name that was deleted a moment ago may still be on its way out; and where the answer to a
        # request gets lost, a client asks again, and finds what it has made itself.
        taken = refusal is errors.TopicAlreadyExistsError
        there = taken and topic_exists(admin, name)
        if not taken or time.monotonic() > deadline or (there and not anew):
            raise _explained(name, refusal, answer.get("error_message") or "")
        if there:
            delete_topics(admin, [name])
        time.sleep(0.05)


def _wait_until_all_know(admin: Any, name: str, partitions: int) -> None:
    """What one broker knows, another learns a moment later, and a client may ask any of them.

    The admin client asks one of its own choice, so this says whom to ask, by its private way.
    """
    from kafka.errors import KafkaError
    from kafka.protocol.metadata import MetadataRequest

    topic = MetadataRequest.MetadataRequestTopic(name=name)
    request = MetadataRequest(topics=[topic], allow_auto_topic_creation=False)
    nodes = [broker["broker_id"] for broker in admin.describe_cluster()["brokers"] if not broker.get("is_fenced")]
    deadline = time.monotonic() + SECONDS * patience()
    for node in nodes if len(nodes) > 1 else []:
        while time.monotonic() < deadline:
            try:
                known = admin._manager.run(admin._manager.send, request, node).topics[0].partitions
            except KafkaError:
                break  # it died since it was counted, and the others have the topic
            if sum(one.leader_id >= 0 for one in known) == partitions:
                break
            time.sleep(0.02)


def _explained(name: str, refusal: type[Exception], message: str) -> Exception:
    from kafka import errors

    reason = f" ({message.rstrip('.')})" if message else f" ({refusal.__name__})"
    if refusal is errors.TopicAlreadyExistsError:
        return BrokerError(
            f"There is a topic {name!r} already, which the course didn't make and so doesn't touch; choose another name."
        )
    if refusal is errors.InvalidTopicError:
        return NameRefusedError(f"Kafka doesn't take {name!r} as a topic's name{reason}; choose another.")
    if refusal is errors.TopicAuthorizationFailedError:
        return BrokerError(
            f"You may not make the topic {name!r} on this cluster{reason}; ask who runs it for the right."
        )
    return BrokerError(f"Kafka refused to make the topic {name!r}{reason}; change what it names and try again.")


def delete_topics(admin: Any, names: Collection[str]) -> list[str]:
    """Delete the topics, and return when no broker that we ask knows them any more: those that are there after 30 s.

    What we may not delete is nothing to wait for, now or another time.
    """
    from kafka.errors import TopicAuthorizationFailedError

    left, refused = sorted(names), set()
    deadline = time.monotonic() + SECONDS * patience()
    while left:
        # Again each time: the controller may have been too busy, or there was none.
        answers = admin.delete_topics(left, raise_errors=False)["topics"]
        refused |= {one["name"] for one in answers if one["error_code"] == TopicAuthorizationFailedError.errno}
        left = sorted((set(names) - refused) & set(admin.list_topics()))
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return left
