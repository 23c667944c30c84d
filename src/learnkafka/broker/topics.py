"""Making a topic, and making it anew, with Kafka's own words when it refuses."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from learnkafka.errors import BrokerError, NameRefusedError

SECONDS = 30


def topic_exists(admin: Any, name: str) -> bool:
    """Whether the broker that answers knows such a topic."""
    return name in admin.list_topics()


def create_topic(
    admin: Any, name: str, *, partitions: int, replication_factor: int | None, configs: Mapping[str, str]
) -> None:
    """Make the topic, and wait until each partition has a leader."""
    from kafka import errors

    wanted = {"num_partitions": partitions, "replication_factor": replication_factor or -1, "configs": dict(configs)}
    deadline = time.monotonic() + SECONDS
    while True:
        answer = admin.create_topics({name: wanted}, raise_errors=False)["topics"][0]
        refusal = errors.for_code(answer["error_code"])
        if refusal is errors.NoError:
            admin.wait_for_topics([name])
            return
        # A topic of this name that was deleted a moment ago may still be on its way out.
        if refusal is not errors.TopicAlreadyExistsError or time.monotonic() > deadline or topic_exists(admin, name):
            raise _explained(name, refusal, answer.get("error_message") or "")
        time.sleep(0.05)


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


def delete_topics(admin: Any, names: list[str]) -> None:
    """Delete the topics that are there, and return when no broker that we ask knows them any more."""
    if not names:
        return
    admin.delete_topics(names, raise_errors=False)
    deadline = time.monotonic() + SECONDS
    while any(topic_exists(admin, name) for name in names) and time.monotonic() < deadline:
        time.sleep(0.05)
