"""Lab 04: choose a key, find a key's partition, find a hot key, give a key its own partition, and put back what lost its order."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any
from zlib import crc32

from learnkafka.labs.comparing import same
from learnkafka.labs.exercise import Exercise
from learnkafka.labs.keyed import (
    EACH,
    as_in_another_process,
    hash_of,
    orders_of,
    partition_of,
    shuffled_customers,
    some_customers,
)
from learnkafka.labs.misconceptions import (
    KEY_HAS_ITS_PARTITION,
    KEY_IS_UNIQUE,
    NULL_IS_A_KEY,
    ORDER_NEEDS_NO_KEY,
    SEND_STORES,
)
from learnkafka.labs.orders import as_json, ids, order_id
from learnkafka.labs.producers import came_back_early
from learnkafka.labs.showing import counted, listed, shown, shown_bytes
from learnkafka.labs.source import never_waits
from learnkafka.labs.verdict import Misconception, Verdict, passed, wrong

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.observe import Record
    from learnkafka.purchases import Purchase


class KeepTogether(Exercise):
    """A worked example with one gap."""

    title = "A key for each order"
    task = (
        "A customer's orders are to be handled in the order in which they were placed. `publish_by_customer(topic, orders)` is to publish each order to a topic with several partitions, so that it "
        "stays like that. One line is missing."
    )
    points = 1
    hints = (
        "What do those records have in common that have to stay in order?",
        "`send()` takes a `key` beside the value. Like the value, it is bytes.",
        'The key is the customer\'s number, `order["customer"]`, as it stands there, encoded. Lesson 04 does it under *A key, and its partition*.',
    )
    why = (
        "The same key has the same hash, so a customer's orders are in one partition, and a partition is read in the order in which it was written. Other customers' orders needn't wait for them: "
        "they may be in other partitions."
    )
    misconceptions = (ORDER_NEEDS_NO_KEY, KEY_IS_UNIQUE)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Keys, partitions and order."""
        topic, orders = scene.topic("orders", partitions=4), orders_of(some_customers(scene.random, 6, 4))
        scene.call(attempt, topic, [order.copy() for order in orders])
        records = scene.records(topic)
        if problem := _missing(records, orders) or _wrong_keys(records, orders):
            return problem
        if problem := _out_of_order(records, orders, torn=ORDER_NEEDS_NO_KEY):
            return problem
        if len(used := {record.partition for record in records}) == 1:
            return wrong(
                "The key doesn't decide on the partition.",
                expected="customers in several partitions",
                observed=f"all records in partition {used.pop()}",
            )
        return passed("Each customer's orders are together, and in order.")


class FindPartition(Exercise):
    """The hash, and its remainder."""

    title = "Where does a key go?"
    task = (
        "Support wants to look into the partition of a customer. `find_partition(topic, customer)` is to return the number of the partition to which kafka-python sends records with the customer's "
        "number as key (as text, encoded). The topic may have any number of partitions, and no record of the customer yet. It must not send any."
    )
    points = 2
    hints = (
        "From which two things does a producer work out the partition?",
        "kafka-python's hash is `murmur2`. How many partitions the topic has, a consumer can be asked, as in lab 02.",
        "Lesson 04 does the sum under *A key, and its partition*: the hash of the bytes, without its sign, and of that the remainder. Put the topic's own number of partitions in place of 3.",
    )
    why = "The partition isn't stored anywhere: hash and number of partitions give it, and any client that has both comes to the same. One with another hash doesn't, and with another number nobody does."
    misconceptions = (KEY_HAS_ITS_PARTITION,)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Customers in two topics, for whom wrong beliefs lead to other partitions."""
        for partitions in (3, scene.random.randint(5, 7)):
            topic = scene.topic(f"orders-in-{partitions}", partitions=partitions)
            customers = [one for one in shuffled_customers(scene.random) if self._tells_apart(one, partitions)][:4]
            results = [scene.call(attempt, topic, one) for one in customers]
            for customer, result in zip(customers, results, strict=True):
                if not same(result, partition_of(customer, partitions)):
                    return wrong(
                        f"In a topic with {partitions} partitions, customer {customer} belongs elsewhere.",
                        expected=f"{partition_of(customer, partitions)}, where kafka-python sends this key",
                        observed=shown(result),
                        misconception=self._belief(results, customers, partitions),
                    )
            if records := scene.records(topic):
                return wrong(
                    "The partition is right, but something was sent to find it.",
                    expected="no record in the topic",
                    observed=counted(len(records), "record"),
                )
        return passed("The function finds a key's partition without sending anything.")

    def _tells_apart(self, customer: str, partitions: int) -> bool:
        """Whether the sum with the sign, with another hash, and with another number of partitions each come to something else."""
        signed, other_hash = hash_of(customer) % partitions, crc32(customer.encode()) % partitions
        other_number = partition_of(customer, 3)
        here = partition_of(customer, partitions)
        return here not in (signed, other_hash) and signed != other_hash and (partitions == 3 or other_number != here)

    def _belief(self, results: list[Any], customers: list[str], partitions: int) -> Misconception | None:
        with_another_hash = [crc32(one.encode()) % partitions for one in customers]
        with_another_number = [partition_of(one, 3) for one in customers]
        believed = same(results, with_another_hash) or same(results, with_another_number)
        return KEY_HAS_ITS_PARTITION if believed else None


class FindHotKey(Exercise):
    """Counting keys."""

    title = "Which key is hot?"
    task = (
        'One consumer is always behind. `hot_key(topic)` is to return a tuple of two: the key that the most records of the topic have, as text, and the number of records that have it, such as `("0157", 5)`. Records without a '
        "key (`None`) don't count. An empty key is a key like any other. There are no ties: one key has more records than each of the others."
    )
    points = 2
    hints = (
        "What do two records without a key have in common?",
        'Read the topic from its beginning to its end, and count for each `record.key` how often it comes. `None` isn\'t a key, `b""` is.',
        "A `Counter` from Python's `collections` counts, and its `most_common(1)` gives a list with the most frequent key and its count. A key is bytes, and `decode()` makes text of it.",
    )
    why = "Records without a key can go to any partition, however many they are. Those with one key can't: its partition has to take all of them, so it is the count for each key that tells where the load comes from."
    misconceptions = (NULL_IS_A_KEY,)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Each time more records without a key than with the hot one; and once the hot one is empty."""
        partitions = 4
        first, *others = some_customers(scene.random, 12, partitions)
        for hot in (first, ""):
            count = scene.random.randint(7, 9)
            keys = [hot] * count + [*others, ""] * 2 + [None] * (count + 5)
            if hot == "":
                keys = keys[2:]
                count = keys.count("")
            topic = self._published(scene, keys, partitions)
            if verdict := self._wrong(scene.call(attempt, topic), hot, count):
                return verdict
        return passed("The function finds the key that fills its partition.")

    def _published(self, scene: Scene, keys: list[str | None], partitions: int) -> str:
        """A topic with an order for each of these keys, in any sequence."""
        scene.random.shuffle(keys)
        topic = scene.topic(f"orders-{len(keys)}-{scene.random.getrandbits(16)}", partitions=partitions)
        scene.publish_keyed(
            topic,
            (
                (
                    number % partitions if key is None else partition_of(key, partitions),
                    None if key is None else key.encode(),
                    order,
                )
                for number, (key, order) in enumerate(zip(keys, scene.orders(len(keys)), strict=True))
            ),
        )
        return topic

    def _wrong(self, result: Any, hot: str, count: int) -> Verdict | None:
        if same(result, (hot, count)):
            return None
        found = result[0] if isinstance(result, tuple | list) and result else result
        headline = "Another key has the most records."
        if same(result, [hot, count]):
            headline = "Key and number are right, but they aren't in a tuple."
        elif same(found, hot) or same(found, hot.encode()):
            headline = "The key is right, but not all of the answer is."
        elif hot == "":
            headline = "Most records have an empty key, which is a key as well."
        return wrong(
            headline,
            expected=f"{shown((hot, count))}: a tuple of the key as text, and how many records have it",
            observed=shown(result),
            misconception=NULL_IS_A_KEY if hot and any(same(found, no) for no in (None, "None", "", b"")) else None,
        )


class OwnPartition(Exercise):
    """No scaffolding: a partitioner."""

    title = "A partition of its own"
    task = (
        "A reseller orders so much that others wait behind. `publish_apart(topic, orders, busy)` is to publish the orders as JSON, each with its customer as key, so that those of customer `busy` go to the "
        "topic's *last* partition and nobody else's do. `busy` is text, such as `\"0157\"`. The other customers share the partitions before it, and use more than one of them. Each customer's orders stay in order, also when the function is "
        "called again for later ones, be it in another process. The topic has three partitions or more. The function needn't return anything."
    )
    points = 3
    hints = (
        "Who chooses a record's partition, and how can it be another one?",
        "Write a class with a method `partition`, as lesson 04 does under *A partitioner of your own*, and hand an instance to the producer. `cluster.partitions_for_topic(topic)` says which partitions there are.",
        "For the busy customer's key return the last number. For any other key take the hash of exercise 2, without its sign, and the remainder by one less than there are partitions.",
    )
    why = (
        "The busy customer's orders are in one partition, so they keep their order, and delay nobody. The others' partitions follow from their keys alone: so each later call comes to the same, in any process. "
        "Every producer of the topic needs this partitioner now."
    )
    misconceptions = (ORDER_NEEDS_NO_KEY, SEND_STORES)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Two calls for the same customers, whose later orders come in another sequence, and from another process."""
        partitions = scene.random.randint(4, 6)
        busy, *others = self._mixed(scene, partitions)
        topic, orders = scene.topic("orders", partitions=partitions), orders_of([busy, *others])
        half = len(orders) // 2
        first_seen = list(dict.fromkeys(order["customer"] for order in orders))
        later = sorted(orders[half:], key=lambda order: (-first_seen.index(order["customer"]), order["order_id"]))
        scene.call(attempt, topic, [order.copy() for order in orders[:half]], busy)
        with as_in_another_process(attempt) as hashed:
            scene.call(attempt, topic, [order.copy() for order in later], busy)
        if never_waits(attempt):
            return came_back_early(len(orders))
        records = scene.records(topic)
        spread = len({one.partition for one in records if one.key == busy.encode()}) > 1
        problem = _missing(records, orders) or _wrong_keys(records, orders)
        if hashed and not problem:
            problem = self._hashed_otherwise(records, set(ids(orders[:half])))
        if problem := problem or _out_of_order(records, orders, torn=ORDER_NEEDS_NO_KEY if spread else None):
            return problem
        last = partitions - 1
        if astray := [one for one in records if (one.key == busy.encode()) != (one.partition == last)]:
            one = astray[0]
            who = "the busy customer" if one.key == busy.encode() else "another customer"
            return wrong(
                f"An order of {who} is in partition {one.partition}.",
                expected=f"in partition {last}, the last one, the orders of customer {busy}, and no others",
                observed=f"customer {shown_bytes(one.key)} in partition {one.partition}",
            )
        if len({one.partition for one in records} - {last}) == 1:
            return wrong(
                "All the others are in one partition.",
                expected="the others in several of the partitions before the last one",
                observed=f"no records in {counted(partitions - 2, 'partition')}",
            )
        return passed("The busy customer has a partition, and the others share the rest.")

    def _hashed_otherwise(self, records: Sequence[Record], first: set[int]) -> Verdict | None:
        """A customer whom two processes send to two partitions."""
        before = {one.key: one.partition for one in records if order_id(one) in first}
        for one in records:
            if (was := before.get(one.key, one.partition)) != one.partition:
                return wrong(
                    "`hash()` gives other numbers in each process of Python, so customers move from one partition to another.",
                    expected=f"customer {shown_bytes(one.key)} in one partition, whichever process publishes",
                    observed=f"partition {was}, and then, with the numbers of another process, partition {one.partition}",
                )
        return None

    def _mixed(self, scene: Scene, partitions: int) -> list[str]:
        """Customers of whom the default sends one to the last partition, but not the first, who is the busy one."""
        last = partitions - 1
        shuffled = shuffled_customers(scene.random)
        busy = next(one for one in shuffled if partition_of(one, partitions) != last)
        first = next(one for one in shuffled if partition_of(one, partitions) == last)
        apart = [
            next(one for one in shuffled if one not in (busy, first) and partition_of(one, last) == n) for n in (0, 1)
        ]
        return [busy, first, *apart, *[one for one in shuffled if one not in (busy, first, *apart)][:3]]


class PutInOrder(Exercise):
    """The stretch: what a topic lost when it was given more partitions."""

    title = "Back in order"
    task = (
        "Somebody gave the topic `old` more partitions while it was in use, and since then the orders of many customers are in two of them. Its records have the customer as key and the order as JSON as value. "
        "`put_in_order(old, new)` is to copy every record, key and value, to the topic `new`, which is there already, is empty, and has another number of partitions. In `new` all orders of a customer are to be in one partition, "
        "in rising order of their `order_id`: in that partition to which kafka-python will send the customer's next order. The function needn't return anything."
    )
    points = 3
    hints = (
        "In which order does a consumer get two records from two partitions?",
        "What was read says itself which order it is. Once you have all of it, you can bring it into any order you like before you send it.",
        "Three steps: read `old` to its end; sort what was read by the `order_id` in each value, as a number; send key and value, and leave the partition to the producer.",
    )
    why = "Which of two partitions is older, Kafka doesn't say: the order had to come from the orders themselves. In the new topic the key decides again, so that the next orders come behind the old ones."
    misconceptions = (ORDER_NEEDS_NO_KEY, KEY_HAS_ITS_PARTITION, SEND_STORES)
    is_stretch = True

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Customers who moved in both directions, so that no sequence of partitions happens to be right."""
        partitions = scene.random.randint(4, 5)
        while not _misleads(placed := self._placed(scene, partitions)):
            pass
        orders = [order for _, _, order in placed]
        old, new = scene.topic("orders", partitions=_AFTER), scene.topic("orders-again", partitions=partitions)
        stamp = int(time.time() * 1000)  # the same for all, or chance would decide what sorting by it comes to
        scene.send(old, ((number, key, as_json(order), stamp) for number, key, order in placed))
        scene.call(attempt, old, new)
        if never_waits(attempt):
            return came_back_early(len(orders))
        records = scene.records(new)
        if problem := _missing(records, orders) or _wrong_keys(records, orders):
            return problem
        were_in = {(number, key) for number, key, _ in placed}
        kept = all((one.partition, one.key) in were_in for one in records)
        torn = KEY_HAS_ITS_PARTITION if kept else ORDER_NEEDS_NO_KEY
        mixed = ORDER_NEEDS_NO_KEY if _as_it_was_read(records, placed) else None
        if problem := _out_of_order(records, orders, torn, mixed):
            return problem
        for one in records:
            if one.partition != (right := partition_of((one.key or b"").decode(), partitions)):
                return wrong(
                    f"The next order of customer {shown_bytes(one.key)} will go to another partition than these.",
                    expected=f"partition {right} of {partitions}",
                    observed=f"partition {one.partition}",
                    misconception=KEY_HAS_ITS_PARTITION,
                )
        return passed("Each customer's orders are together again, in order, and the next ones will follow them.")

    def _placed(self, scene: Scene, partitions: int) -> _Placed:
        """Orders of some customers, each where it went when the topic had two partitions, or where it goes now that it has three."""
        seen: Counter[str] = Counter()
        placed = []
        for order in orders_of(self._moved(scene, partitions)):
            customer = order["customer"]
            seen[customer] += 1
            number = partition_of(customer, _BEFORE if seen[customer] <= EACH // 2 else _AFTER)
            placed.append((number, customer.encode(), order))
        return placed

    def _moved(self, scene: Scene, partitions: int) -> list[str]:
        """Two from partition 0 to 1, two from 1 to 0, and two who stayed; in the new topic none where they were."""
        ways: dict[tuple[int, int], list[str]] = defaultdict(list)
        for one in shuffled_customers(scene.random):
            way = (partition_of(one, _BEFORE), partition_of(one, _AFTER))
            if partition_of(one, partitions) not in way:
                ways[way].append(one)
        return [one for way in ((0, 1), (1, 0), (1, 1)) for one in ways[way][:2]]


_Placed = list[tuple[int, bytes, "Purchase"]]  # partition, key and order
_BEFORE, _AFTER = 2, 3  # partitions of the old topic


def _misleads(placed: _Placed) -> bool:
    """Whether their numbers as text, and their offsets, each give another order than their numbers; and dates the same one."""
    offsets: Counter[int] = Counter()
    place = {}
    for number, _, order in placed:
        place[order["order_id"]] = (number, offsets[number])
        offsets[number] += 1
    own: dict[bytes, list[Purchase]] = defaultdict(list)
    for _, key, order in placed:
        own[key].append(order)
    if any(len({order["date"] for order in orders}) < len(orders) for orders in own.values()):
        return False
    pairs = [(one["order_id"], two["order_id"]) for orders in own.values() for one, two in combinations(orders, 2)]
    as_text = any(str(one) > str(two) and place[one][0] == place[two][0] for one, two in pairs)
    return as_text and any(place[one][1] > place[two][1] for one, two in pairs)


def _as_it_was_read(records: Sequence[Record], placed: _Placed) -> bool:
    """Whether what came from one old partition is still in its sequence there: so nobody has sorted."""
    was_in = {order["order_id"]: number for number, _, order in placed}
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for record in records:
        found[record.partition, was_in[order_id(record)]].append(order_id(record))
    return all(numbers == sorted(numbers) for numbers in found.values())


def _missing(records: Sequence[Record], orders: list[Purchase]) -> Verdict | None:
    """Not one record for each order."""
    found = Counter(record.value or b"" for record in records)
    if found == Counter(map(as_json, orders)):
        return None
    if not found:
        return wrong("Nothing was published.", expected=counted(len(orders), "record"), observed="the topic is empty")
    strange = next((value for value in found if value not in set(map(as_json, orders))), None)
    return wrong(
        "The topic holds something else than one record for each order.",
        expected=f"{counted(len(orders), 'record')}, each with an order as JSON",
        observed=f"the value {shown_bytes(strange)}" if strange is not None else counted(found.total(), "record"),
    )


def _wrong_keys(records: Sequence[Record], orders: list[Purchase]) -> Verdict | None:
    """A record whose key isn't its customer."""
    customers = {order["order_id"]: order["customer"] for order in orders}
    for record in records:
        customer = customers[order_id(record)]
        if record.key == customer.encode():
            continue
        own = [one for one in records if customers[order_id(one)] == customer]
        if record.key is None:
            torn = len({(customers[order_id(one)], one.partition) for one in records}) > len(set(customers.values()))
            seen, belief = "no key", ORDER_NEEDS_NO_KEY if torn else None
        else:
            seen = f"the key {shown_bytes(record.key)}"
            belief = KEY_IS_UNIQUE if len({one.key for one in own}) == EACH else None
        return wrong(
            f"A record of customer {customer} doesn't have the customer as key.",
            expected=f"the key {customer}",
            observed=f"{seen}, in partition {record.partition}",
            misconception=belief,
        )
    return None


def _out_of_order(
    records: Sequence[Record], orders: list[Purchase], torn: Misconception | None, mixed: Misconception | None = None
) -> Verdict | None:
    """A customer in several partitions, or with an order that comes before an earlier one; each with the belief that leads there."""
    for customer in dict.fromkeys(order["customer"] for order in orders):
        own = [record for record in records if record.key == customer.encode()]
        if len(used := sorted({record.partition for record in own})) > 1:
            return wrong(
                f"The orders of customer {customer} are in several partitions, so they have no order.",
                expected="all orders of a customer in one partition",
                observed=f"partitions {listed(used)}",
                misconception=torn,
            )
        expected = ids(order for order in orders if order["customer"] == customer)
        if (found := [order_id(record) for record in own]) != expected:
            return wrong(
                f"The orders of customer {customer} aren't in the order of their order_id.",
                expected=listed(expected),
                observed=listed(found),
                misconception=mixed,
            )
    return None


EXERCISES = (KeepTogether(), FindPartition(), FindHotKey(), OwnPartition(), PutInOrder())
