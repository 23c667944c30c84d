"""Lab 02: make a topic, go to an address, count, search, and move to another topic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from learnkafka.labs.comparing import same
from learnkafka.labs.exercise import Exercise, Handed
from learnkafka.labs.misconceptions import (
    EARLIEST_ALWAYS_REPLAYS,
    OFFSET_COUNTS_RECORDS,
    OFFSET_NAMES_A_RECORD,
    PARTITION_IS_A_TOPIC,
    READS_FROM_THE_START,
    TOPIC_IS_ONE_LOG,
    TOPIC_IS_ORDERED,
    from_the_end,
)
from learnkafka.labs.orders import order_id
from learnkafka.labs.showing import counted, listed, shown, shown_bytes
from learnkafka.labs.verdict import Misconception, Verdict, not_attempted, passed, wrong

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.observe import Record
    from learnkafka.purchases import Purchase


class MakeATopic(Exercise):
    """A worked example with one gap."""

    title = "Make a topic"
    task = (
        "The shop wants to note the parcels that come back. `lab.given(1)` says what the topic is to be called, and how many partitions it is to have: other ones each time. Make it with the admin "
        "client. One line is missing."
    )
    points = 1
    hints = (
        "What does the admin client have to be told about a topic that isn't there yet?",
        "`admin.create_topics()` takes a dictionary: the topic's name, and for it another dictionary with its number of partitions.",
        "Lesson 02 makes `orders` like this, under *Making a topic*. Here `wanted` has the name and the number.",
    )
    why = "The number of partitions is a property of the topic, and is chosen when it is made. The broker made each of them a directory of its own, and a leader for it."
    misconceptions = (PARTITION_IS_A_TOPIC,)
    handed = Handed.NOTHING

    def given(self, scene: Scene) -> dict[str, Any]:
        """A topic's name and its number of partitions."""
        own = f"shop.parcels.returned-{scene.random.getrandbits(16):04x}"
        name, partitions = scene.broker.name(own), scene.random.randint(4, 9)
        scene.memory.update(name=name, partitions=partitions)
        scene.memory.update(prefix=name.removesuffix(own), before=scene.observer.topics())
        return {"name": name, "partitions": partitions}

    def check(self, scene: Scene, attempt: Any) -> Verdict:
        """The topic is there, with its partitions."""
        if "name" not in scene.memory:
            return not_attempted("Nothing has been asked for yet. Run the cell with lab.given(1) first.")
        name, partitions = scene.memory["name"], scene.memory["partitions"]
        expected = f"the topic {name} with {counted(partitions, 'partition')}"
        frame = scene.observer.topic(name)
        if frame is None:
            return self._under_another_name(scene, name, partitions, expected)
        if len(frame.partitions) != partitions:
            return wrong(
                "The topic has another number of partitions. Delete it, or run lab.given(1) for another name, and make it again.",
                expected=expected,
                observed=counted(len(frame.partitions), "partition"),
            )
        return passed("The topic is there, with its partitions.")

    def _under_another_name(self, scene: Scene, name: str, partitions: int, expected: str) -> Verdict:
        """What has come since the name was given out; on a cluster that others use too, what has this learner's prefix."""
        there = scene.observer.topics()
        if similar := sorted(one for one in there if one.startswith(name)):
            return wrong(
                "The topic isn't there, but others with its name in theirs are.",
                expected=expected,
                observed=f"the topics {listed(similar)}",
                misconception=PARTITION_IS_A_TOPIC if len(similar) == partitions else None,
            )
        new = sorted(there - scene.memory["before"])
        new = [one for one in new if one.startswith(scene.memory["prefix"]) and not one.startswith("__")]
        if not new:
            return not_attempted(f"There is no topic {name} yet.")
        return wrong(
            "The topic isn't there under the name that was asked for, but there is something new.",
            expected=expected,
            observed=f"new since lab.given(1): {listed(new)}",
        )


class ReadAtAnAddress(Exercise):
    """A record's address."""

    title = "Go to an address"
    task = (
        "Somebody has complained about an order, and the log of the website names its address. `read_at(topic, partition, offset)` is to return the order that is stored there, as a dictionary. "
        "The oldest records of the topic may have been removed already."
    )
    points = 2
    hints = (
        "How many records in a topic can have the offset 4?",
        "A consumer that is to go to one place doesn't subscribe to a topic: it is assigned a partition.",
        "Lesson 02 does it under *A record's address*, with `assign` and `seek`. `json.loads()` makes a dictionary of the value.",
    )
    why = "Topic, partition and offset together are a record's address, and it doesn't change: not when other records are removed, and not when somebody reads. So the consumer went straight there."
    misconceptions = (OFFSET_NAMES_A_RECORD, OFFSET_COUNTS_RECORDS)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """The same offset in four partitions, one of which starts later; five times, or luck would pass now and then."""
        topic, stored = _partitions(scene)
        offset = scene.random.randint(2, 3)
        for partition in (1, 2, 0, 3, 1):
            order = stored[partition][offset]
            result = scene.call(attempt, topic, partition, offset)
            if not isinstance(result, dict):
                return wrong(
                    "What came back isn't an order as a dictionary.", expected=shown(order), observed=shown(result)
                )
            if not same(result, order):
                return wrong(
                    f"Another record is at partition {partition}, offset {offset}.",
                    expected=shown(order),
                    observed=shown(result),
                    misconception=self._belief(result, stored, partition, offset),
                )
        return passed("The function goes to the address.")

    def _belief(self, result: Any, stored: list[list[Purchase]], partition: int, offset: int) -> Misconception | None:
        if any(same(result, log[offset]) for log in stored if len(log) > offset):
            return OFFSET_NAMES_A_RECORD
        here = stored[partition][_MOVED if partition == 1 else 0 :]
        return OFFSET_COUNTS_RECORDS if len(here) > offset and same(result, here[offset]) else None


class CountRecords(Exercise):
    """Log start and end offset."""

    title = "How many are there?"
    task = (
        "The dashboard is to show how many records a topic holds now. `count_records(topic)` is to return that number, for a topic with any number of partitions, whose oldest records may have been "
        "removed. There may be millions, so try to do without reading them."
    )
    points = 2
    hints = (
        "Between which two offsets do the records of a partition lie?",
        "A consumer can be asked for both: `beginning_offsets()` and `end_offsets()` take a list of partitions.",
        "`consumer.partitions_for_topic(topic)` gives the numbers of the partitions. What is asked for is the sum, over all of them, of end less start.",
    )
    why = (
        "The log of a partition reaches from its log start to its end offset, and both can be asked for without reading a single record. (After compaction or transactions there are gaps in "
        "between: then it is the most that there can be. Lessons 09 and 10 show that.)"
    )
    misconceptions = (OFFSET_COUNTS_RECORDS, TOPIC_IS_ONE_LOG, EARLIEST_ALWAYS_REPLAYS)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """The same number twice."""
        topic, stored = _partitions(scene)
        held = [len(log) - (_MOVED if number == 1 else 0) for number, log in enumerate(stored)]
        expected = f"{sum(held)}: {listed(held)} in its {len(held)} partitions"
        for call in ("first", "second"):
            result = scene.call(attempt, topic)
            if not same(result, sum(held)) or isinstance(result, bool):
                return wrong(
                    f"The {call} call gave another number than there are records.",
                    expected=expected,
                    observed=shown(result),
                    misconception=self._belief(result, stored, held) if call == "first" else EARLIEST_ALWAYS_REPLAYS,
                )
        return passed("The function counts what the topic holds.")

    def _belief(self, result: Any, stored: list[list[Purchase]], held: list[int]) -> Misconception | None:
        lengths = [len(log) for log in stored]
        if same(result, sum(lengths)):
            return OFFSET_COUNTS_RECORDS
        return TOPIC_IS_ONE_LOG if any(same(result, one) for one in held + lengths) else None


class FindARecord(Exercise):
    """No scaffolding: a search that ends."""

    title = "Where is the order?"
    task = (
        "Support knows an order's number and wants to know where its record is. `find_order(topic, order_id)` is to return its partition and its offset, as a pair such as `(2, 17)`, or `None` when "
        "the topic doesn't have it (any more). It has to come to an end in both cases."
    )
    points = 3
    hints = (
        "When does a search that finds nothing know that it has seen everything?",
        "A record that the consumer gives you says itself where it lies: `record.partition` and `record.offset`.",
        'Give a consumer the topic, start it at the `"earliest"` record without a `group_id`, go through `unread(consumer)`, which ends, and return from inside the loop when the order is found.',
    )
    why = "Kafka finds a record by its address, not by its content: to search by content is to read. Your function stops at the end offsets that it has asked for, rather than waiting for the next record."
    misconceptions = (OFFSET_COUNTS_RECORDS, READS_FROM_THE_START)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Two orders that are there, and one that was removed."""
        topic, stored = _partitions(scene)
        for partition, offset in ((1, scene.random.randint(5, 8)), (2, scene.random.randint(1, 3))):
            order = stored[partition][offset]
            result = scene.call(attempt, topic, order["order_id"])
            if not same(result, (partition, offset)) and not same(result, [partition, offset]):
                return wrong(
                    "The order lies somewhere else.",
                    expected=f"{(partition, offset)} for order {order['order_id']}",
                    observed=shown(result),
                    misconception=self._belief(attempt, result, partition, offset),
                )
        removed = stored[1][0]["order_id"]
        if (result := scene.call(attempt, topic, removed)) is not None:
            return wrong(f"Order {removed} isn't in the topic any more.", expected="None", observed=shown(result))
        return passed("The function finds what is there, and comes to an end where there is nothing.")

    def _belief(self, attempt: Callable[..., Any], result: Any, partition: int, offset: int) -> Misconception | None:
        if result is None:
            return from_the_end(attempt)
        is_pair = isinstance(result, tuple | list) and len(result) == 2 and isinstance(result[1], int)
        return OFFSET_COUNTS_RECORDS if is_pair and same(result[0], partition) and result[1] != offset else None


class MoveToAnotherTopic(Exercise):
    """The stretch: a topic can't be renamed."""

    title = "A better name"
    task = (
        "The shop has agreed on a naming convention, and a topic can't be renamed. `copy_topic(old, new)` is to make the topic `new` with as many partitions as `old`, and to copy every record that "
        "`old` still has, so that each partition of `new` has the same values, in the same order, as that of `old`. The old topic stays as it is."
    )
    points = 3
    hints = (
        "What would be lost if a record went to another partition than it was in?",
        "`send()` takes a `partition`, and a record that was read says which one it came from.",
        "Three steps: describe `old` and make `new`; read `old` to its end; send each value on, in the order in which it was read, to the partition that it was read from.",
    )
    why = (
        "Order holds within a partition, so each partition was copied by itself. The offsets may differ, since the new log starts at 0: a record's address belongs to its topic, and can't be taken along. "
        "That is why names are worth agreeing on early."
    )
    misconceptions = (TOPIC_IS_ORDERED,)
    is_stretch = True

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Partition by partition."""
        topic, stored = _partitions(scene)
        before, name = scene.records(topic), scene.name("shop.orders.placed")
        scene.call(attempt, topic, name)
        frame = scene.observer.topic(name)
        if frame is None:
            return wrong("The new topic isn't there.", expected=f"a topic {name}", observed="no topic of that name")
        if len(frame.partitions) != len(stored):
            return wrong(
                "The new topic has another number of partitions.",
                expected=counted(len(stored), "partition"),
                observed=counted(len(frame.partitions), "partition"),
                misconception=TOPIC_IS_ORDERED,
            )
        if scene.records(topic) != before:
            return wrong(
                "The old topic isn't as it was.",
                expected=counted(len(before), "record"),
                observed=counted(len(scene.records(topic)), "record"),
            )
        after = scene.records(name)
        for number in range(len(stored)):
            old, new = ([one for one in records if one.partition == number] for records in (before, after))
            if [one.value for one in old] != [one.value for one in new]:
                moved = Counter(one.value for one in before) == Counter(one.value for one in after)
                return self._differing(number, old, new, TOPIC_IS_ORDERED if moved else None)
        return passed("Each partition has what it had, in its order.")

    def _differing(
        self, number: int, old: list[Record], new: list[Record], misconception: Misconception | None
    ) -> Verdict:
        """Ids say most; where they don't tell the records apart, the first record that differs does."""
        first = next(((one, other) for one, other in zip(old, new, strict=False) if one.value != other.value), None)
        if first and order_id(first[1]) in (order_id(first[0]), "?"):
            return wrong(
                f"Partition {number} of the new topic has another value at offset {first[1].offset}.",
                expected=shown_bytes(first[0].value),
                observed=shown_bytes(first[1].value),
            )
        return wrong(
            f"Partition {number} of the new topic has other records, or another order.",
            expected=f"orders {listed(map(order_id, old))}",
            observed=f"orders {listed(map(order_id, new))}",
            misconception=misconception,
        )


_MOVED = 2  # the oldest records of partition 1 that are removed


def _partitions(scene: Scene) -> tuple[str, list[list[Purchase]]]:
    """A topic of four or five partitions, the second of which has lost its oldest records, and what was stored, by partition and offset.

    The lengths differ so that what each wrong belief counts is another number.
    """
    lengths = [6, 9 + scene.random.randint(0, 1), 4, 5, 11][: scene.random.randint(4, 5)]
    topic = scene.topic("orders", partitions=len(lengths))
    orders = scene.orders(sum(lengths))
    scene.random.shuffle(orders)
    stored: list[list[Purchase]] = []
    for partition, length in enumerate(lengths):
        stored.append([orders.pop() for _ in range(length)])
        scene.publish(topic, stored[-1], partition)
    scene.remove_before(topic, 1, _MOVED)
    return topic, stored


EXERCISES = (MakeATopic(), ReadAtAnAddress(), CountRecords(), FindARecord(), MoveToAnotherTopic())
