"""What the consumers that a learner's function makes are given while a check calls it: which records, and as whom."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Reader:
    """How one consumer stood when it was given its first record of the topic."""

    group: str | None
    is_member: bool  # it has subscribed, and so leaves it to the group what it gets
    config: dict[str, Any]


class Readings:
    """Looks on while the block runs, in kafka-python's consumer itself: so it is sure, and doesn't wait for anything.

    `given` are the places (partition, offset) of the topic's records that were handed to the function's code, also
    where that did nothing with them; `readers` are the consumers that gave them.
    """

    def __init__(self, topic: str) -> None:
        self.given: list[tuple[int, int]] = []
        self._topic = topic
        self._readers: dict[Any, Reader] = {}  # by the consumer itself, which is kept: an id may come again
        self._originals: dict[str, Callable[..., Any]] = {}

    def __enter__(self) -> Self:
        from kafka import KafkaConsumer

        for name, wrapper in (("poll", self._poll), ("__next__", self._next)):
            original = self._originals[name] = getattr(KafkaConsumer, name)
            setattr(KafkaConsumer, name, functools.wraps(original)(wrapper(original)))
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        from kafka import KafkaConsumer

        for name, original in self._originals.items():
            setattr(KafkaConsumer, name, original)

    @property
    def readers(self) -> list[Reader]:
        """Each consumer that was given records of the topic."""
        return list(self._readers.values())

    def _poll(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def poll(
            consumer: Any, timeout_ms: float = 0, max_records: int | None = None, update_offsets: bool = True
        ) -> Any:
            batches = original(consumer, timeout_ms, max_records, update_offsets)
            if update_offsets:  # otherwise it is iteration that polls, and gives one record after the other
                self._note(consumer, (record for batch in batches.values() for record in batch))
            return batches

        return poll

    def _next(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def __next__(consumer: Any) -> Any:  # noqa: N807
            record = original(consumer)
            self._note(consumer, [record])
            return record

        return __next__

    def _note(self, consumer: Any, records: Iterable[Any]) -> None:
        places = [(one.partition, one.offset) for one in records if one.topic == self._topic]
        if places and consumer not in self._readers:
            is_member = consumer.config["group_id"] is not None and bool(consumer.subscription())
            self._readers[consumer] = Reader(consumer.config["group_id"], is_member, dict(consumer.config))
        self.given += places
