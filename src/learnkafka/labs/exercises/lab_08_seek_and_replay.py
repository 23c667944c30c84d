"""Lab 08: the last ones again, everything again, a period, a group's place from outside, late records, and not too fast."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from learnkafka.labs.calling import LearnerError
from learnkafka.labs.comparing import same
from learnkafka.labs.exercise import Exercise
from learnkafka.labs.handling import Handler
from learnkafka.labs.keyed import EACH, partition_of, shuffled_customers
from learnkafka.labs.misconceptions import (
    ASSIGN_JOINS_A_GROUP,
    EARLIEST_ALWAYS_REPLAYS,
    LOG_IS_IN_ORDER_OF_TIME,
    NO_OFFSET_NO_RECORDS,
    OFFSET_COUNTS_RECORDS,
    READING_MOVES_THE_GROUP,
    SLEEPING_MEMBER_STAYS,
    TOPIC_IS_ONE_LOG,
)
from learnkafka.labs.orders import as_json, ids, millis
from learnkafka.labs.readings import Readings
from learnkafka.labs.showing import counted, listed, shown
from learnkafka.labs.source import mentions
from learnkafka.labs.verdict import Misconception, Verdict, passed, wrong
from learnkafka.purchases import purchases

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.purchases import Purchase


class TheLastOnes(Exercise):
    """A worked example with one gap."""

    title = "The last ones again"
    task = (
        "Support wants to see the orders that came in last. `last_orders(topic, count)` is to return the ids of the last `count` orders in the topic, in their order; all of them, where the log "
        "holds fewer. The oldest ones may have been removed. The line that goes to the right place is missing. (The topic has one partition.)"
    )
    points = 1
    hints = (
        "At which offset lies the last record, and at which the one before it?",
        "`end` is the offset after the last record. `seek()` takes the partition and an offset, which must lie within the log.",
        "Go back `count` from `end`, but not beyond `start`: `max()` of the two. Lesson 08 seeks under *A consumer goes back*.",
    )
    why = "The end offset is the next one to be given, so the last `count` records begin `count` before it. A seek asks nobody whether the offset is there: that was up to you."
    misconceptions = (OFFSET_COUNTS_RECORDS,)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """A few, and more than there are, in a log whose oldest records are gone."""
        topic, orders = scene.topic("orders"), scene.orders(scene.random.randint(10, 12))
        scene.publish(topic, orders)
        scene.remove_before(topic, 0, _REMOVED)
        held = ids(orders)[_REMOVED:]
        for count in (scene.random.randint(2, 4), len(orders) - 1):
            result, expected = scene.call(attempt, topic, count), held[-count:]
            if not same(result, expected):
                below = count > len(held) and isinstance(result, list) and len(result) < len(held)
                return wrong(
                    f"Those aren't the last {count} orders of a log with offsets {_REMOVED} to {len(orders) - 1}.",
                    expected=f"the ids {listed(expected)}",
                    observed=shown(result),
                    misconception=OFFSET_COUNTS_RECORDS if below else None,
                )
        return passed("Support sees the last orders.")


class OnceMore(Exercise):
    """A group reads everything again, although it has committed."""

    title = "Once more, from the start"
    task = (
        "Statistics had a bug. `count_again(topic, group, count_order)` is to call `count_order(order)` for every order that the topic holds, as a dictionary, though the group has committed already. "
        "Afterwards the group's place is to be the end of each partition, so that statistics goes on from there. Nobody else is in the group."
    )
    points = 2
    hints = (
        "What decides where a consumer of a group that has committed begins?",
        "Give a consumer the `group_id`, and `assign()` it all partitions; `partitions_for_topic()` has their numbers. Then move it, before it reads.",
        "`seek_to_beginning()` moves it to the start of all its partitions. When `unread(consumer)` has come to its end, `commit()`.",
    )
    why = "With a committed offset `earliest` isn't looked at, so the consumer was moved by a seek. That was a matter of its own memory; what the group knows of it is the commit at the end."
    misconceptions = (EARLIEST_ALWAYS_REPLAYS, READING_MOVES_THE_GROUP)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Two partitions, both read in part."""
        topic, group, handler = scene.topic("orders", partitions=2), scene.group("statistics"), Handler()
        logs = [scene.orders(scene.random.randint(6, 8)) for _ in range(2)]
        for partition, log in enumerate(logs):
            scene.publish(topic, log, partition)
        places = {0: scene.random.randint(2, 4), 1: len(logs[1])}
        scene.commit(group, topic, places)
        scene.call(attempt, topic, group, handler)
        if problem := handler.misfit([*logs[0], *logs[1]]):
            return problem
        every = sorted(ids([*logs[0], *logs[1]]))
        if sorted(handler.given) != every:
            rest = sorted(handler.given) == sorted(ids(logs[0][places[0] :]))
            return wrong(
                f"The group had committed {listed(places.values())}, and `count_order` wasn't called once for each order.",
                expected=f"the orders {listed(every)}",
                observed=listed(sorted(handler.given)),
                misconception=EARLIEST_ALWAYS_REPLAYS if rest and mentions(attempt, "earliest") else None,
            )
        ends = {partition: len(log) for partition, log in enumerate(logs)}
        if (after := _places(scene, group, topic)) != ends:
            return wrong(
                "All orders are counted, and the group isn't at the end of each partition.",
                expected=_said(ends),
                observed=_said(after),
                misconception=READING_MOVES_THE_GROUP if after == places else None,
            )
        return passed("Everything is counted again, and statistics goes on from the end.")


class APeriod(Exercise):
    """Two places in each partition."""

    title = "Between two dates"
    task = (
        "Accounting needs the orders of a period. `orders_between(topic, first, after)` is to return their ids, as a list in any order. The day `first` is the first day of the period, and the day `after` is the first one that doesn't belong to it any more; both are texts such as "
        '`"1997-03-01"`. The topic has several partitions. The records have the dates of their orders as timestamps, and in each partition they lie in the order of their dates. There may be millions, so what your consumer reads counts as well: '
        "nothing from before the period, and at its end it stops. (One `poll()` may bring up to 500 records; what the last one brings beyond the end does no harm.)"
    )
    points = 2
    hints = (
        "Between which two offsets of a partition lie the orders of the period?",
        "`offsets_for_times()` takes a dictionary with a time in milliseconds for each partition (`in_ms` makes one of a day). What does it give where no record is as late as that?",
        "Ask for `first` and for `after`. Where `after` gives `None`, the period reaches to `end_offsets()`; where `first` does, there is nothing. Then for each partition `seek()`, and read while the position is below the second place.",
    )
    why = "Kafka found both places by its index of times, so your consumer began at the first, and could stop at the second. `None` wasn't an error: it says that the log ends before that time."
    misconceptions = (NO_OFFSET_NO_RECORDS, TOPIC_IS_ONE_LOG)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Two partitions with all times, the first with a long rest behind the period; one that ends within it, one that ends before it."""
        topic, logs, first, after = _history(scene, rest=_REST)
        inside = [[one["order_id"] for one in log if first <= one["date"] < after] for log in logs]
        expected = sorted(one for log in inside for one in log)
        with Readings(topic) as readings:
            result = scene.call(attempt, topic, first, after)
        if _sorted(result) != expected:
            beliefs = ((NO_OFFSET_NO_RECORDS, inside[0] + inside[1]), (TOPIC_IS_ONE_LOG, inside[0]))
            return wrong(
                f"Those aren't the orders from {first} up to, but without, {after}.",
                expected=f"the ids {listed(expected)}",
                observed=shown(result),
                misconception=next((one for one, seen in beliefs if _sorted(result) == sorted(seen)), None),
            )
        places = [tuple(sum(one["date"] < day for one in log) for day in (first, after)) for log in logs]
        before = sum(offset < places[partition][0] for partition, offset in readings.given)
        behind = sum(offset >= places[partition][1] for partition, offset in readings.given)
        if before or behind > _PORTION:
            return wrong(
                "The ids are right, but your consumer has read more than it had to.",
                expected=f"nothing from before the period, and at most {counted(_PORTION, 'record')} behind it",
                observed=f"{counted(before, 'record')} from before it, and {counted(behind, 'record')} behind it",
            )
        return passed("Accounting has the orders of the period, and little else was read.")


class FromADay(Exercise):
    """Reset from outside."""

    title = "Invoices since that day"
    task = (
        "Billing is stopped. When it is started again, it is to go on with the orders of a certain day, and its own code is to stay as it is. `prepare(topic, group, day)` is to see to that from outside: it sets the group's committed offset in each partition of the topic, to the first order of the day `day` or later, "
        'or to the end of the log where there is no such order. `day` is a text such as `"1997-03-01"`. The records have the dates of their orders as timestamps, and in each partition they lie in the order of their dates. Nobody is in the group while your function runs, and the group may be one that has never committed anything. Nothing needs to be returned.'
    )
    points = 3
    hints = (
        "Where is the number kept that decides where billing begins?",
        "Nobody is in the group, so it can be set from outside: by `admin.reset_group_offsets()`, or by a consumer with the `group_id` that commits.",
        "`reset_group_offsets()` takes the group and a dictionary: for each partition `OffsetTimestamp(…)` with the milliseconds. It takes the end where no record is as late.",
    )
    why = "A group's place is a number for each partition, kept by Kafka. It was set while nobody was in the group, and the members will find it when they start."
    misconceptions = (READING_MOVES_THE_GROUP, NO_OFFSET_NO_RECORDS, TOPIC_IS_ONE_LOG)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """A group that has read everything, and a new one."""
        topic, logs, day, _ = _history(scene)
        ends = {partition: len(log) for partition, log in enumerate(logs)}
        expected = {number: sum(one["date"] < day for one in log) for number, log in enumerate(logs)}
        for group, before in ((scene.group("billing"), ends), (scene.group("billing-check"), {})):
            if before:
                scene.commit(group, topic, before)
            scene.call(attempt, topic, group, day)
            if (seen := _places(scene, group, topic)) != expected:
                return wrong(
                    f"A group that had {_said(before)} wouldn't begin with the orders of {day}.",
                    expected=_said(expected),
                    observed=_said(seen),
                    misconception=self._belief(seen, before, expected),
                )
        return passed("Both groups begin with the orders of that day.")

    def _belief(self, seen: dict[int, int], before: dict[int, int], expected: dict[int, int]) -> Misconception | None:
        if seen == before:
            return READING_MOVES_THE_GROUP
        moved = {number for number, place in expected.items() if seen.get(number) == place}
        if seen == before | {0: expected[0]}:
            return TOPIC_IS_ONE_LOG
        return NO_OFFSET_NO_RECORDS if moved == {0, 1, 2} else None


class LateOnes(Exercise):
    """No scaffolding: what was sent late counts by its own time."""

    title = "Late ones included"
    task = (
        "A customer asks what they ordered in a certain time. `customers_orders(topic, customer, first, after)` is to return the ids of that customer's orders dated from the day `first` up to, but without, `after`, in ascending order. The records have the customer as key and "
        "the date of the order as timestamp. Some were entered weeks late, so they lie behind orders with later dates, and they count. The topic has several partitions."
    )
    points = 3
    hints = (
        "Which of the two places that you find by time can you trust, when some records were sent late?",
        "`offsets_for_times` gives the *first* record from a time on: before it, nothing is as late. But behind the last place of a period there may be more of it.",
        "Begin at the place for `first`, and read to the end of the log. Keep what has the right `record.key` (bytes) and a `record.timestamp` within the period.",
    )
    why = "A log is in the order in which its records were sent. The beginning of the period was safe to take from the index; its end wasn't, and so each record's own timestamp decided."
    misconceptions = (LOG_IS_IN_ORDER_OF_TIME,)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Two of the customer's orders within the period are entered at the end."""
        for customer in shuffled_customers(scene.random):
            theirs = [one for one in purchases() if one["customer"] == customer]
            first, after = theirs[1]["date"], theirs[EACH - 1]["date"]
            wanted = ids(one for one in theirs if first <= one["date"] < after)
            if len(wanted) > 3:
                break
        late = [one for one in theirs if one["order_id"] in wanted][1:3]
        others = [one for one in scene.orders(60) if one["customer"] != customer]
        on_time = sorted([*others, *(one for one in theirs if one not in late)], key=lambda one: one["order_id"])
        topic = scene.topic("history", 3, **_FOR_EVER)
        scene.send(topic, [_dated(one, partition_of(one["customer"], 3)) for one in [*on_time, *late]])
        result = scene.call(attempt, topic, customer, first, after)
        if not same(result, wanted):
            in_time = [one for one in wanted if one not in ids(late)]
            return wrong(
                f"Those aren't the orders of customer {customer} from {first} up to, but without, {after}; {listed(ids(late))} came late.",
                expected=f"the ids {listed(wanted)}",
                observed=shown(result),
                misconception=LOG_IS_IN_ORDER_OF_TIME if _sorted(result) == in_time else None,
            )
        return passed("The customer has all orders of that time, late ones included.")


class NotTooFast(Exercise):
    """The stretch: slow, and still a member."""

    title = "Not too fast"
    task = (
        "A replay mustn't overload the warehouse. `slowly(topic, group, handle, per_second, settings)` is to read the topic, which has one partition, as a member of `group`, a new group: so by a subscription, from the start to the end of the log as it is then. It calls `handle(order)` once for each order, as a dictionary, in the order of the log. "
        "In any one second there may be `per_second` calls and ten more, no more than that. When it returns, the group has committed everything. `settings` is a dictionary of settings that your consumer must have (`**settings`): they say that a member is put out of the group when it hasn't called `poll()` for 1.5 seconds. "
        "So fetch as many records at a time as you like, but don't be silent for too long."
    )
    points = 3
    hints = (
        "What does a group think of a member that sleeps?",
        "A member that sleeps between two orders doesn't poll. After each order the next one isn't due for a while. Until then: `pause()` all that is assigned, and go on calling `poll()`, with a short timeout.",
        "`resume()` when it is due. `consumer.assignment()` has the partitions for both; a paused consumer's `poll()` gives nothing. Commit at the end.",
    )
    why = "A pause concerns what `poll()` gives, and not whether it is called: the member went on polling, and for the group it was alive all the time."
    misconceptions = (SLEEPING_MEMBER_STAYS, ASSIGN_JOINS_A_GROUP)
    is_stretch = True

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """A hundred orders take two seconds, which is longer than a member may be silent."""
        topic, group, orders = scene.topic("orders"), scene.group("warehouse"), scene.orders(100)
        scene.publish(topic, orders)
        settings = {"max_poll_interval_ms": 1500, "heartbeat_interval_ms": 300}
        times: list[float] = []
        handler = Handler(look=lambda: times.append(time.monotonic()))
        try:
            with Readings(topic) as readings:
                scene.call(attempt, topic, group, handler, _PER_SECOND, settings)
        except LearnerError as raised:
            if type(raised.error).__name__ not in ("CommitFailedError", "RebalanceInProgressError"):
                raise
            return wrong(
                "The group refused the commit: it had taken the member for stuck.",
                expected="a member that calls `poll()` at least every 1.5 seconds",
                observed=f"{type(raised.error).__name__} after {counted(len(handler.given), 'order')}",
                misconception=SLEEPING_MEMBER_STAYS,
            )
        if problem := handler.misfit(orders) or self._no_member(readings, group, settings):
            return problem
        if handler.given != ids(orders):
            return wrong(
                "Not every order was handled once, in the order of the log.",
                expected=counted(len(orders), "order"),
                observed=f"{counted(len(handler.given), 'call')} for {counted(len(set(handler.given)), 'order')}",
                misconception=SLEEPING_MEMBER_STAYS if len(handler.given) > len(orders) else None,
            )
        most = max(sum(0 <= other - one < 1 for other in times) for one in times)
        if most > _PER_SECOND + 10:
            return wrong(
                "That was too fast.",
                expected=f"{_PER_SECOND} orders in any second at most, and ten on top",
                observed=f"{most} in one second",
            )
        if (seen := _places(scene, group, topic)) != {0: len(orders)}:
            return wrong(
                "All is handled, and the group hasn't committed it.",
                expected=_said({0: len(orders)}),
                observed=_said(seen),
            )
        return passed("Every order, at the rate that was allowed, and the member has stayed.")

    def _no_member(self, readings: Readings, group: str, settings: dict[str, Any]) -> Verdict | None:
        """What is wrong with the consumers that have read: each has to be a member of this group, under its rules."""
        for reader in readings.readers:
            if reader.group != group:
                return wrong(
                    "Your consumer reads for another group, or for none.",
                    expected=f"the `group_id` {group}",
                    observed=reader.group or "no `group_id`",
                )
            if not reader.is_member:
                return wrong(
                    "Your consumer isn't a member of the group: it chose its partition itself.",
                    expected="a consumer that subscribes to the topic, and is given the partition by its group",
                    observed="a partition that it was assigned without the group",
                    misconception=ASSIGN_JOINS_A_GROUP,
                )
            if odd := {name: reader.config[name] for name, value in settings.items() if reader.config[name] != value}:
                return wrong(
                    "Your consumer hasn't got the settings that your function was handed.",
                    expected=shown({name: settings[name] for name in odd}),
                    observed=shown(odd),
                )
        return None


_REMOVED = 3  # the oldest records of a log
_PORTION = 500  # `max_poll_records` unless one says otherwise
_REST = 700  # records behind a period: more than a portion
_PER_SECOND = 50
_FOR_EVER: dict[str, Any] = {"retention_ms": -1, "segment_ms": 10 * 365 * 24 * 3600 * 1000}  # for records of 1997


def _history(scene: Scene, rest: int = 0) -> tuple[str, list[list[Purchase]], str, str]:
    """A topic with old dates, what is in its partitions, and a period: the third ends within it, the fourth before it.

    The first goes on after it, where there is to be a `rest`, with the last of its orders that many times.
    """
    orders: list[Purchase] = []
    while len({orders[place]["date"] for place in (9, 10, 20, 21, 22) if orders}) < 5:
        orders = scene.orders(32)
    logs = [orders[0::4] + [orders[28]] * rest, orders[1::4], orders[2:20:4], orders[3:10:4]]
    topic = scene.topic("history", partitions=len(logs), **_FOR_EVER)
    scene.send(topic, [_dated(order, number) for number, log in enumerate(logs) for order in log])
    return topic, logs, orders[10]["date"], orders[21]["date"]


def _dated(order: Purchase, partition: int) -> tuple[int, bytes, bytes, int]:
    return partition, order["customer"].encode(), as_json(order), millis(order["date"])


def _places(scene: Scene, group: str, topic: str) -> dict[int, int]:
    return {number: offset for (name, number), offset in scene.committed(group).items() if name == topic}


def _said(places: dict[int, int]) -> str:
    if not places:
        return "nothing committed"
    return f"committed {listed(f'{offset} in partition {number}' for number, offset in sorted(places.items()))}"


def _sorted(result: object) -> list[int] | None:
    """A list of ids in ascending order; None for anything else."""
    if not isinstance(result, list | tuple | set) or not all(isinstance(one, int) for one in result):
        return None
    return sorted(result)


EXERCISES = (TheLastOnes(), OnceMore(), APeriod(), FromADay(), LateOnes(), NotTooFast())
