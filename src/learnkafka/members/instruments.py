"""In the member's process: kafka-python's KafkaConsumer tells what it does, and otherwise does what it always did.

Its own methods are wrapped, where they stand: so it holds for every way to import or subclass the class, and a file
needs no word for it. Rebalances are seen in the coordinator, beside the file's own ConsumerRebalanceListener; that part
runs on kafka-python's I/O thread, where nothing here waits.
"""

from __future__ import annotations

import functools
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from learnkafka.broker.mending import mend_kafka_python
from learnkafka.members.events import Assigned, Committed, Lost, Position, Revoked

if TYPE_CHECKING:
    from learnkafka.members.gate import Gate
    from learnkafka.members.reporting import Reporter
    from learnkafka.members.stopping import Stopping

MADE = {"note": "consumer"}
_WATCH = "_learnkafka_watch"


class Watch:
    """One consumer of the file: what it was last known to have."""

    def __init__(self, number: int, member: str, consumer: Any, reporter: Reporter) -> None:
        self.number = number
        self.committing_by_itself = 0
        self._member = member
        self._subscription = consumer._subscription
        self._coordinator = consumer._coordinator
        self._reporter = reporter
        self._lock = threading.Lock()
        self._held: set[Any] = set()
        self._positions: dict[Any, int] = {}

    def assigned(self, *, by_group: bool = True) -> None:
        """Report what the consumer has now, and before that what it hasn't any more."""
        now = set(self._subscription.assigned_partitions())
        with self._lock:
            self._leave(Revoked, self._held - now, *self._membership(by_group))
            self._held = now
            self._positions.clear()
            self._tell(Assigned, now, *self._membership(by_group))

    def left(self, kind: type[Revoked | Lost], partitions: Iterable[Any], membership: tuple[int, str]) -> None:
        """Report partitions as revoked or lost, once."""
        with self._lock:
            self._leave(kind, self._held & set(partitions), *membership)

    def compare(self) -> None:
        """Report a change that came about without a group."""
        now = set(self._subscription.assigned_partitions())
        if now == self._held:
            return
        if now:
            self.assigned(by_group=False)
        else:
            self.left(Revoked, self._held, self.membership())

    def membership(self) -> tuple[int, str]:
        """The group's generation that the consumer knows, and its member id; -1 and nothing when it is in none."""
        generation = self._coordinator._generation
        return generation.generation_id, generation.member_id

    def committed(self, offsets: dict[Any, Any], how: str, error: BaseException | None) -> None:
        """Report the answer to a commit."""
        if not offsets:
            return
        what = tuple(sorted((place.topic, place.partition, at.offset) for place, at in offsets.items()))
        failure = type(error).__name__ if error else None
        self._reporter.tell(Committed(time.time(), self._member, self.number, what, how, failure))

    def tell_positions(self) -> None:
        """Report the positions that have changed since."""
        with self._lock:
            with self._subscription._lock:
                states = [(place, self._subscription.assignment.get(place)) for place in sorted(self._held)]
                found = {place: state.position.offset for place, state in states if state and state.has_valid_position}
            for place, offset in found.items():
                if self._positions.get(place) != offset:
                    self._positions[place] = offset
                    self._reporter.tell(
                        Position(time.time(), self._member, self.number, place.topic, place.partition, offset)
                    )

    def _membership(self, by_group: bool) -> tuple[int, str]:
        return self.membership() if by_group else (-1, "")

    def _leave(self, kind: type[Revoked | Lost], gone: set[Any], generation: int, member_id: str) -> None:
        self._held -= gone
        if gone:
            self._tell(kind, gone, generation, member_id)

    def _tell(self, kind: type[Assigned | Revoked | Lost], places: set[Any], generation: int, member_id: str) -> None:
        self._reporter.tell(
            kind(
                time.time(),
                self._member,
                self.number,
                tuple(sorted((place.topic, place.partition) for place in places)),
                None if generation < 0 else generation,
                member_id or None,
            )
        )


class Instruments:
    """Wraps kafka-python's consumer, once for a process."""

    def __init__(self, member: str, reporter: Reporter, gate: Gate, stopping: Stopping) -> None:
        self._member = member
        self._reporter = reporter
        self._gate = gate
        self._stopping = stopping
        self._watches: weakref.WeakSet[Watch] = weakref.WeakSet()
        self.consumers = 0
        self.consuming = False

    def tell_positions(self) -> None:
        """Report where the file's consumers are."""
        for watch in list(self._watches):
            watch.tell_positions()

    def wrap(self) -> None:
        """Put the wrappers in their places."""
        from kafka import KafkaConsumer
        from kafka.coordinator.consumer import ConsumerCoordinator

        mend_kafka_python()
        for place, name, wrapper in (
            (KafkaConsumer, "__init__", self._init),
            (KafkaConsumer, "poll", self._poll),
            (KafkaConsumer, "_poll_once", self._poll_once),
            (KafkaConsumer, "__next__", self._next),
            (KafkaConsumer, "assign", self._change),
            (KafkaConsumer, "unsubscribe", self._change),
            (KafkaConsumer, "close", self._close),
            (ConsumerCoordinator, "_on_join_prepare_async", self._join_prepare),
            (ConsumerCoordinator, "_on_join_complete_async", self._join_complete),
            (ConsumerCoordinator, "_on_close_prepare_async", self._close_prepare),
            (ConsumerCoordinator, "_commit_offsets_sync_async", self._commit_sync),
            (ConsumerCoordinator, "_do_commit_offsets_async", self._commit_async),
            (ConsumerCoordinator, "_maybe_auto_commit_offsets_sync", self._commit_at_close),
        ):
            original = getattr(place, name)
            setattr(place, name, functools.wraps(original)(wrapper(original)))

    # KafkaConsumer

    def _init(self, original: Callable[..., None]) -> Callable[..., None]:
        def __init__(consumer: Any, *topics: Any, **configs: Any) -> None:  # noqa: N807
            configs.setdefault("client_id", self._member)  # so the broker's name for it tells which member it is
            original(consumer, *topics, **configs)
            self.consumers += 1
            watch = Watch(self.consumers, self._member, consumer, self._reporter)
            setattr(consumer, _WATCH, watch)
            setattr(consumer._coordinator, _WATCH, watch)
            self._watches.add(watch)
            self._reporter.tell(MADE)

        return __init__

    def _poll_once(self, original: Callable[..., Any]) -> Callable[..., Any]:
        # The innermost step of poll() and of iteration, taken again and again while there are no records: when it is
        # held up here, the consumer polls no longer, and its heartbeats go on.
        def _poll_once(consumer: Any, *arguments: Any, **options: Any) -> Any:
            self._gate.wait()
            if not self.consuming:
                self.consuming = True
                self._reporter.tell({"note": "consuming", "time": time.time()})
            records = original(consumer, *arguments, **options)
            if consumer.config["group_id"] is None:
                _watch(consumer).compare()
            return records

        return _poll_once

    def _poll(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def poll(
            consumer: Any, timeout_ms: float = 0, max_records: int | None = None, update_offsets: bool = True
        ) -> Any:
            batches = original(consumer, timeout_ms, max_records, update_offsets)
            if update_offsets and batches:  # otherwise it is iteration that polls, and delivers one at a time
                records = [record for batch in batches.values() for record in batch]
                number = _watch(consumer).number
                self._gate.deliver(lambda: self._reporter.delivered(number, records), len(records))
            return batches

        return poll

    def _next(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def __next__(consumer: Any) -> Any:  # noqa: N807
            self._gate.wait()
            record = original(consumer)
            number = _watch(consumer).number
            self._gate.deliver(lambda: self._reporter.delivered(number, (record,)), 1)
            return record

        return __next__

    def _change(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def change(consumer: Any, *arguments: Any, **options: Any) -> None:
            original(consumer, *arguments, **options)
            _watch(consumer).compare()

        return change

    def _close(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def close(consumer: Any, *arguments: Any, **options: Any) -> None:
            with self._stopping.put_off():
                original(consumer, *arguments, **options)

        return close

    # ConsumerCoordinator: the coroutines run on the I/O thread.

    def _join_prepare(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def _on_join_prepare_async(coordinator: Any, *arguments: Any, **options: Any) -> None:
            watch = _watch(coordinator)
            before = set(coordinator._subscription.assigned_partitions())
            membership, lost = watch.membership(), coordinator._generation.is_lost()
            watch.committing_by_itself += 1
            try:
                await original(coordinator, *arguments, **options)
            finally:
                watch.committing_by_itself -= 1
                if keeps_through_a_rebalance(coordinator) and not lost:
                    before -= set(coordinator._subscription.assigned_partitions())
                watch.left(Lost if lost else Revoked, before, membership)

        return _on_join_prepare_async

    def _join_complete(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def _on_join_complete_async(coordinator: Any, *arguments: Any, **options: Any) -> None:
            try:
                await original(coordinator, *arguments, **options)
            finally:
                _watch(coordinator).assigned()

        return _on_join_complete_async

    def _close_prepare(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def _on_close_prepare_async(coordinator: Any) -> None:
            watch = _watch(coordinator)
            membership, lost = watch.membership(), coordinator._generation.is_lost()
            try:
                await original(coordinator)
            finally:
                if coordinator._subscription.partitions_auto_assigned():
                    watch.left(Lost if lost else Revoked, list(watch._held), membership)

        return _on_close_prepare_async

    def _commit_sync(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def _commit_offsets_sync_async(coordinator: Any, offsets: Any, *arguments: Any, **options: Any) -> Any:
            watch = _watch(coordinator)
            how = "auto" if watch.committing_by_itself else "sync"
            offsets = dict(offsets)
            try:
                answer = await original(coordinator, offsets, *arguments, **options)
            except BaseException as error:
                watch.committed(offsets, how, error)
                raise
            watch.committed(offsets, how, None)
            return answer

        return _commit_offsets_sync_async

    def _commit_async(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def _do_commit_offsets_async(coordinator: Any, offsets: Any, callback: Any = None) -> Any:
            watch = _watch(coordinator)
            how = "auto" if callback == coordinator._commit_offsets_async_on_complete else "async"
            future = original(coordinator, offsets, callback)
            offsets = dict(offsets)
            future.add_callback(lambda _: watch.committed(offsets, how, None))
            future.add_errback(lambda error: watch.committed(offsets, how, error))
            return future

        return _do_commit_offsets_async

    def _commit_at_close(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def _maybe_auto_commit_offsets_sync(coordinator: Any, *arguments: Any, **options: Any) -> None:
            watch = _watch(coordinator)
            watch.committing_by_itself += 1
            try:
                original(coordinator, *arguments, **options)
            finally:
                watch.committing_by_itself -= 1

        return _maybe_auto_commit_offsets_sync


def _watch(owner: Any) -> Watch:
    watch: Watch = getattr(owner, _WATCH)
    return watch


def keeps_through_a_rebalance(coordinator: Any) -> bool:
    """Whether its consumer keeps, while its group rebalances, what isn't taken from it."""
    from kafka.coordinator.assignors.abstract import RebalanceProtocol

    return bool(coordinator._rebalance_protocol == RebalanceProtocol.COOPERATIVE)
