"""What one learner may ask of the cluster, so that nobody's loop holds up the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from learnkafka.errors import ClassroomError


@dataclass(frozen=True)
class Quota:
    """For each broker: bytes a second in and out, and the share of its request threads' time, in percent of one thread.

    Source: Apache Kafka 4.3 documentation, "Quotas". A client over its quota is answered later, not refused.
    """

    produce: int = 2_000_000
    consume: int = 8_000_000
    requests: int = 100

    def settings(self) -> dict[str, float]:
        """By Kafka's names for them."""
        return {
            "producer_byte_rate": self.produce,
            "consumer_byte_rate": self.consume,
            "request_percentage": self.requests,
        }


def set_quotas(admin: Any, quotas: Mapping[str, Quota | None]) -> None:
    """Set each user's quota, or take it away where it is None. Users that have none may be named.

    kafka-python's admin client has no call for it, but it has the request, which asks for one private attribute; Kafka's
    own tool sets one user's in a JVM of its own, 30 of them in half a minute.
    """
    from kafka.errors import NoError, for_code
    from kafka.protocol.admin import AlterClientQuotasRequest as Request

    entries = [
        Request.EntryData(
            entity=[Request.EntryData.EntityData(entity_type="user", entity_name=user)],
            ops=[
                Request.EntryData.OpData(key=key, value=value if quota else 0.0, remove=quota is None)
                for key, value in (quota or Quota()).settings().items()
            ],
        )
        for user, quota in quotas.items()
    ]
    request = Request(entries=entries, validate_only=False)
    response = admin._manager.run(admin._manager.send, request)
    for entry in response.entries:
        if (refusal := for_code(entry.error_code)) is not NoError:
            raise ClassroomError(
                f"The cluster refused a quota for {entry.entity[0].entity_name} ({entry.error_message or refusal.__name__}); "
                "ask who runs it for the right to alter its configuration."
            )
