"""Lab 09: old records, what a group has missed, customers in a compacted topic, settings, deleting to the day, and a compaction of one's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from learnkafka.labs.compacted import PARTITIONS, Sent, customers_with_totals, last_of_each
from learnkafka.labs.comparing import same
from learnkafka.labs.exercise import Exercise, Handed
from learnkafka.labs.keyed import partition_of
from learnkafka.labs.misconceptions import (
    AGE_COUNTS_FROM_ARRIVAL,
    KEY_HAS_ITS_PARTITION,
    MARKER_STAYS,
    ONE_RECORD_FOR_EACH_KEY,
    RETENTION_IS_EXACT,
    RETENTION_WAITS_FOR_READERS,
)
from learnkafka.labs.orders import as_json, ids, millis, order_id
from learnkafka.labs.showing import counted, listed, shown, shown_bytes
from learnkafka.labs.verdict import Misconception, Verdict, not_attempted, passed, wrong

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.observe import Record
    from learnkafka.purchases import Purchase

DAY = 24 * 60 * 60 * 1000


class LoadTheHistory(Exercise):
    """A worked example with one gap."""

    title = "The orders of 1997"
    task = (
        "Analytics wants the shop's old orders, each with its own date as timestamp. `load_history(topic, orders)` is to publish them to a topic that is there already and keeps a week, so that they stay in it. "
        "One line is missing."
    )
    points = 1
    hints = (
        "How old is an order of 1997, in the eyes of a topic that keeps a week?",
        "The topic's setting has to change before the first old record is in it.",
        "`admin.alter_configs()` takes a list of `ConfigResource(ConfigResourceType.TOPIC, …, {…})`: the topic's name, and a dictionary of settings. Lesson 09 has it in `change`, and under *Whole segments* a value that switches retention off.",
    )
    why = (
        "Age is measured by the record's timestamp, so for a topic that keeps a week these orders were too old when they came. With `retention.ms` at -1, time takes nothing. "
        "Where the topic is to keep a week again later, these orders go."
    )
    misconceptions = (AGE_COUNTS_FROM_ARRIVAL,)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """The setting first: what it takes, it takes only when the broker next looks."""
        topic, orders = scene.topic("history", retention_ms=7 * DAY), scene.orders(12)
        scene.call(attempt, topic, orders)
        policy = _setting(scene, topic, "cleanup.policy")
        if policy != "delete":
            return wrong(
                "The topic isn't one any more whose records go by age alone: a compacted topic refuses records without a key.",
                expected=f"{counted(len(orders), 'order')} in a topic with the `cleanup.policy` that it had, delete",
                observed=f"{counted(len(scene.records(topic)), 'order')}, and cleanup.policy is {policy}",
            )
        kept = int(_setting(scene, topic, "retention.ms"))
        if 0 <= kept < time.time() * 1000 - millis(orders[0]["date"]):
            return wrong(
                "The orders are too old for this topic, and go when the broker next looks.",
                expected="a `retention.ms` that reaches back to 1997, or has no end",
                observed=f"retention.ms is {kept}: {counted(kept // DAY, 'day')}",
                misconception=AGE_COUNTS_FROM_ARRIVAL,
            )
        records = scene.records(topic)
        if [order_id(one) for one in records] != ids(orders):
            return wrong(
                "The topic doesn't have these orders, in their order.",
                expected=f"orders {listed(ids(orders))}",
                observed=f"orders {listed(map(order_id, records))}",
            )
        for record, order in zip(records, orders, strict=True):
            if record.timestamp != millis(order["date"]):
                return wrong(
                    f"Order {order['order_id']} hasn't got its own date as its timestamp.",
                    expected=order["date"],
                    observed=f"{datetime.fromtimestamp(max(record.timestamp, 0) / 1000, UTC):%Y-%m-%d}",
                )
        return passed("The orders of 1997 are in the topic, and stay.")


class Missed(Exercise):
    """Log start against committed offset."""

    title = "Who came too late?"
    task = (
        "The shop wants an alarm for services that were down for too long. `missed(topic, group)` is to return a whole number: how many records the group has missed, in all partitions of the topic together. A record is missed when it isn't in the log any more, since retention has removed it, and the group has never read it. "
        "What the group has read is everything before its committed offset; where it has committed nothing, it has read nothing."
    )
    points = 2
    hints = (
        "Between which two offsets of a partition lie the records that are gone, and that this group hasn't read?",
        "A consumer with the `group_id` can be asked for both: `beginning_offsets(partitions)`, and `committed(partition)`, which may be `None`.",
        "In each partition: the log start less the committed offset, with 0 in place of `None`. Where the group is beyond the log start it has missed nothing, and that is no negative number.",
    )
    why = (
        "A group's commit is a number that Kafka keeps, and retention doesn't look at it. So a commit can lie before the log start: what is between the two is gone. Nobody tells the consumer, "
        "so a service that must not miss anything has to be watched like this."
    )
    misconceptions = (RETENTION_WAITS_FOR_READERS,)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """A partition with something missed, one without, one that was never read, and one from which nothing has gone."""
        starts, places = [6 + scene.random.randint(0, 2), 3, 2, 0], {0: 2, 1: 5, 3: 1}
        lengths = [17, 9, 8 + scene.random.randint(0, 3), 6]
        topic, group = scene.topic("orders", partitions=len(lengths)), scene.group("auditing")
        for partition, length in enumerate(lengths):
            scene.publish(topic, scene.orders(length), partition)
        scene.commit(group, topic, places)
        for partition, start in enumerate(starts):
            if start:
                scene.remove_before(topic, partition, start)
        gone = [max(0, start - places.get(partition, 0)) for partition, start in enumerate(starts)]
        result, total = scene.call(attempt, topic, group), sum(gone)
        if not same(result, total) or isinstance(result, bool):
            headline, belief = self._mistake(result, starts, lengths, places)
            return wrong(
                headline,
                expected=f"{total}: {listed(gone)} in its {len(gone)} partitions",
                observed=shown(result),
                misconception=belief,
            )
        return passed("The alarm tells who came too late.")

    def _mistake(
        self, result: Any, starts: list[int], lengths: list[int], places: dict[int, int]
    ) -> tuple[str, Misconception | None]:
        """What such a number counts. Who counts all that the group hasn't read believes that all of it is still there; who counts nothing, too."""
        read = {number: places.get(number, 0) for number in range(len(starts))}
        unread = [sum(end - places.get(number, none) for number, end in enumerate(lengths)) for none in (0, starts[2])]
        if _is_one_of(result, *unread):
            return "That is what the group hasn't read, gone or not.", RETENTION_WAITS_FOR_READERS
        if same(result, 0):
            return "There are records that are gone, and that the group has never read.", RETENTION_WAITS_FOR_READERS
        if same(result, sum(starts)):
            return "That is all that is gone, and the group had read a part of it before.", None
        if same(result, sum(start - read[number] for number, start in enumerate(starts))):
            return "A partition in which the group has missed nothing makes up for one in which it has.", None
        if same(result, sum(max(0, starts[number] - place) for number, place in places.items())):
            return "What is gone from a partition in which the group has committed nothing isn't counted.", None
        return "That isn't the number of records that are gone and that the group has never read.", None


class CountCustomers(Exercise):
    """Several records of a key, and deletion markers."""

    title = "How many customers?"
    task = (
        "A compacted topic has customers as keys, and what they have spent as values; a customer who wanted to be forgotten has a deletion marker. `count_customers(topic)` is to return how many customers the shop has now. "
        "Who was deleted and has ordered again is a customer."
    )
    points = 2
    hints = (
        "Can you be sure that compaction has been there already?",
        "Read the topic from its start to its end, and remember for each key what its last record says.",
        "A dictionary does it: store the value under the key, and take the key out where the value is `None`. What is left in the end are the customers.",
    )
    why = (
        "Compaction may have been there, or not, or only for a part: whoever reads a compacted topic lets the last record of each key count, and then gets the same in each case. "
        "All records of a key are in one partition, so their order is sure."
    )
    misconceptions = (ONE_RECORD_FOR_EACH_KEY,)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Customers with several records, deleted ones, and one who came back."""
        topic, records = customers_with_totals(scene)
        last = last_of_each(records)
        alive = [key for key, value in last.items() if value is not None]
        result = scene.call(attempt, topic)
        if not same(result, len(alive)) or isinstance(result, bool):
            with_value = [one for one in records if one[2] is not None]
            belief = ONE_RECORD_FOR_EACH_KEY if _is_one_of(result, len(records), len(with_value)) else None
            return wrong(
                "The deleted customers count as customers."
                if _is_one_of(result, len(last))
                else "That isn't the number of customers.",
                expected=f"{counted(len(alive), 'customer')}, of {len(records)} records with {len(last)} keys",
                observed=shown(result),
                misconception=belief,
            )
        return passed("The function counts who is a customer now.")


class AddressTopic(Exercise):
    """Settings, by what they are to bring about."""

    title = "A topic for addresses"
    task = (
        "The shop wants to keep each customer's newest address for as long as there is the shop. A service that reads them may be down for some days, and must still learn whose address was deleted. The first line gets you what the check will look for: a dictionary, other values each time. Print `wanted` and look at it. "
        '`wanted["name"]` is the complete name for the topic, to be taken as it is; `wanted["days"]` is for how many days a service may be down. Make this topic with `admin.create_topics()`, with one partition. Settings of a new topic stand beside the number of partitions, as a dictionary under `"configs"`: '
        'Kafka\'s own names with dots, and the values as texts, such as `"configs": {"segment.ms": "3600000"}`.'
    )
    points = 2
    hints = (
        "Which of the two policies goes by age, and which by key?",
        "There is a setting for how long a deletion marker stays, and its default is a day.",
        "Two settings are needed, and lesson 09 names both. One of them counts milliseconds: a day has `DAY` of them.",
    )
    why = (
        "With the policy `compact` nothing goes because it is old, so `retention.ms` doesn't count here. The marker is the exception: it has done its work when everybody has seen it, and "
        "`delete.retention.ms` says how long that may take."
    )
    misconceptions = (MARKER_STAYS,)
    handed = Handed.NOTHING

    def given(self, scene: Scene) -> dict[str, Any]:
        """A topic's name and a number of days."""
        name = scene.broker.name(f"shop.addresses-{scene.random.getrandbits(16):04x}")
        scene.memory.update(name=name, days=scene.random.randint(3, 9))
        return {"name": name, "days": scene.memory["days"]}

    def check(self, scene: Scene, attempt: Any) -> Verdict:
        """The topic is there, and its settings do what was asked for."""
        if "name" not in scene.memory:
            return not_attempted("Nothing has been asked for yet. Run the cell with lab.given(4) first.")
        name, days = scene.memory["name"], scene.memory["days"]
        frame = scene.observer.topic(name)
        if frame is None:
            return not_attempted(f"There is no topic {name} yet.")
        if len(frame.partitions) != 1:
            observed = counted(len(frame.partitions), "partition")
            return wrong("The topic has another number of partitions.", expected="1 partition", observed=observed)
        policy = _setting(scene, name, "cleanup.policy")
        if policy != "compact":
            return wrong(
                "An old address goes by its age."
                if "delete" in policy
                else "Every address stays, not only the newest.",
                expected="only what has a newer record with its key goes",
                observed=f"cleanup.policy is {policy or 'empty'}",
            )
        marker = int(_setting(scene, name, "delete.retention.ms"))
        if marker < days * DAY:
            return wrong(
                f"A service that was down for {counted(days, 'day')} doesn't learn whose address was deleted.",
                expected=f"deletion markers that stay for at least {counted(days, 'day')}: {days * DAY:,} milliseconds",
                observed=f"they may go after {_lasting(marker)}: delete.retention.ms is {marker:,}",
                misconception=MARKER_STAYS if marker == DAY else None,  # left as it is
            )
        return passed("The newest address of each customer stays, and deletions are seen by everybody.")


class ForgetBefore(Exercise):
    """No scaffolding: exactly what retention doesn't do."""

    title = "To the day"
    task = (
        'The data protection officer wants no order from before a day to be readable any more, from now on. `forget_before(topic, date)` is to see to that: `date` is a text such as `"1997-03-16"`, the records have the dates '
        "of their orders as timestamps, and in each partition they are in the order of their dates. Nothing else may go."
    )
    points = 3
    hints = (
        "Would `retention.ms` do, if the segment of an old order has a younger one in it as well?",
        "Lesson 08 finds the first record from a time on, in each partition; lesson 09 removes everything before an offset by hand.",
        "`offsets_for_times` gives `None` for a partition in which every record is older: there, everything up to the end has to go. `delete_records` takes a dictionary from partitions to offsets.",
    )
    why = (
        "Retention takes whole segments, at some time; `delete_records` moves the log start, at once and to the record. From then on no consumer gets what is before it. "
        "The bytes are on the disk until their segment goes."
    )
    misconceptions = (RETENTION_IS_EXACT,)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """A partition that is cut, one that becomes empty, and one that stays as it is."""
        topic = scene.topic("orders", partitions=3, retention_ms=-1, segment_ms=3650 * DAY)
        orders = scene.orders(30)
        date = orders[15]["date"]
        older = [order for order in orders if order["date"] < date]
        younger = orders[len(older) :]
        stored = [older[4:] + younger[4:], older[:4], younger[:4]]
        for partition, there in enumerate(stored):
            scene.send(topic, ((partition, None, as_json(one), millis(one["date"])) for one in there))
        scene.call(attempt, topic, date)
        records = scene.records(topic)
        for partition, there in enumerate(stored):
            left = [one for one in records if one.partition == partition]
            if problem := self._problem(scene, topic, partition, date, there, left):
                return problem
        return passed("What is older can't be read any more, and everything else can.")

    def _problem(
        self, scene: Scene, topic: str, partition: int, date: str, there: list[Purchase], left: list[Record]
    ) -> Verdict | None:
        wanted = [order for order in there if order["date"] >= date]
        if [order_id(one) for one in left] == ids(wanted):
            return None
        too_old = [one for one in left if one.timestamp < millis(date)]
        altered = _setting(scene, topic, "retention.ms") != "-1"
        return wrong(
            f"Partition {partition} still has {counted(len(too_old), 'order')} from before {date}."
            if too_old
            else f"Partition {partition} has lost an order from {date} on.",
            expected=counted(len(wanted), "order"),
            observed=counted(len(left), "order"),
            misconception=RETENTION_IS_EXACT if too_old and altered else None,
        )


class CompactByHand(Exercise):
    """The stretch: what the broker does in the background."""

    title = "A compaction of your own"
    task = (
        "`compact(old, new)` is to do at once what compaction comes to in the end. Both are names of topics; `new` is there already, is empty, and has as many partitions as `old`. Of each key the newest record in `old` is to be copied to `new`, key and value; but nothing of a key whose newest record is a deletion marker. "
        "Each copy goes to the partition with the same number as that of its record in `old`. And within each partition of `new`, the copies lie in the order in which their records lie in `old`."
    )
    points = 3
    hints = (
        "When do you know that a record is the newest of its key?",
        "Read `old` to its end first, and keep one record for each key; then send them.",
        "A dictionary keeps a key at the place where it first came in, and you want the place of its newest record: take the key out before you store it again. A record says which `partition` it was in.",
    )
    why = (
        "That is what the broker does: it reads a part of the log, notes for each key the offset of its newest record, and writes the rest of the segments anew without the older ones. It keeps the offsets, too, "
        "which a producer can't, and it leaves the active segment as it is."
    )
    misconceptions = (ONE_RECORD_FOR_EACH_KEY, KEY_HAS_ITS_PARTITION)
    is_stretch = True

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Partition by partition; whoever filled the topic has chosen others than kafka-python does."""
        old, records = customers_with_totals(scene, shift=1)
        new = scene.topic("newest", partitions=PARTITIONS)
        scene.call(attempt, old, new)
        copied = scene.records(new)
        if self._as_by_kafka_python(records, copied):
            numbers = sorted({number for number, _, _ in records})
            return wrong(
                "The right records are in the new topic, but not in the partitions that they were in.",
                expected=f"what was in partitions {listed(numbers)} in {listed(numbers)}",
                observed="each key where kafka-python's own partitioner puts it; another client had filled the old topic",
                misconception=KEY_HAS_ITS_PARTITION,
            )
        for partition in range(PARTITIONS):
            here = [one for one in records if one[0] == partition]
            last = last_of_each(here)
            wanted = [(key, value) for key, value in last.items() if value is not None]
            found = [(one.key, one.value) for one in copied if one.partition == partition]
            if found != wanted:
                keys = [key for key, _ in found]
                return wrong(
                    self._headline(partition, wanted, found),
                    expected=_pairs(wanted),
                    observed=_pairs(found),
                    misconception=ONE_RECORD_FOR_EACH_KEY if len(keys) > len(set(keys)) else None,
                )
        return passed("The new topic has what compaction would leave.")

    def _as_by_kafka_python(self, records: Sent, copied: tuple[Record, ...]) -> bool:
        """Whether the newest record of each key has been copied, and lies where a producer puts it that isn't told a partition."""
        wanted = {(key, value) for key, value in last_of_each(records).items() if value is not None}
        return {(one.key, one.value) for one in copied} == wanted and all(
            one.partition == partition_of(one.key.decode(), PARTITIONS) for one in copied if one.key
        )

    def _headline(self, partition: int, wanted: list[Any], found: list[Any]) -> str:
        if sorted(wanted, key=str) == sorted(found, key=str):
            return f"Partition {partition} has the right records in another order."
        return f"Partition {partition} has other records."


def _is_one_of(result: Any, *numbers: int) -> bool:
    """Whether it is one of these."""
    return any(same(result, number) for number in numbers)


def _lasting(milliseconds: int) -> str:
    """A time in the largest unit in which it is a whole number."""
    for unit, length in (("day", DAY), ("hour", 3_600_000), ("minute", 60_000), ("second", 1_000)):
        if milliseconds and milliseconds % length == 0:
            return counted(milliseconds // length, unit)
    return counted(milliseconds, "millisecond")


def _pairs(found: list[Any]) -> str:
    return listed(f"{shown_bytes(key)} {shown_bytes(value)}" for key, value in found)


def _setting(scene: Scene, topic: str, name: str) -> str:
    """What is in force; as if nothing were, where there is no such topic any more or one may not see it."""
    found = (scene.observer.configs(topic) or {}).get(name)
    return (found.value if found else None) or "0"


EXERCISES = (LoadTheHistory(), Missed(), CountCustomers(), AddressTopic(), ForgetBefore(), CompactByHand())
