"""Lab 01: publish, catch up, read side by side, read again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from learnkafka.labs.comparing import same, same_amounts
from learnkafka.labs.exercise import Exercise
from learnkafka.labs.misconceptions import (
    EARLIEST_ALWAYS_REPLAYS,
    KAFKA_KNOWS_WHAT_I_READ,
    LOG_IS_A_QUEUE,
    READS_FROM_THE_START,
    SAME_GROUP_GIVES_COPIES,
    from_the_end,
)
from learnkafka.labs.orders import as_json, content, ids, sales_by_month
from learnkafka.labs.showing import counted, listed, shown, shown_bytes
from learnkafka.labs.verdict import Misconception, Verdict, passed, wrong

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.observe import Record
    from learnkafka.purchases import Purchase


class PublishEach(Exercise):
    """A worked example with one gap."""

    title = "Publish each order"
    task = (
        "The website has taken some orders. `publish_all(topic, orders)` is to publish each of them to the topic, as one record "
        "with the order as JSON, in the order in which they are given. One line is missing."
    )
    points = 1
    hints = (
        "The line is in a loop. What has to happen once for each order?",
        "A producer's `send()` takes the topic and the value. The value is bytes: `json.dumps()` gives text, and `encode()` bytes.",
        "Lesson 01 has a function `publish`, and its first line does what is missing here; only the `.get(timeout=30)` at its end isn't needed, "
        "since `with` waits for what was sent.",
    )
    why = (
        "One record for each thing that happened: so each reader can take them one by one, and each has an offset of its own. The website has called nobody, and "
        "doesn't know who will read."
    )

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """One record for each order, in order."""
        topic, orders = scene.topic("orders"), scene.orders(scene.random.randint(4, 8))
        scene.call(attempt, topic, [order.copy() for order in orders])
        records = scene.records(topic)
        expected = f"{counted(len(orders), 'record')}, one for each order that was handed over"
        if not records:
            return wrong("Nothing was published.", expected=expected, observed="the topic is empty")
        for record, order in zip(records, orders, strict=False):
            if content(record) != order:
                return wrong(
                    f"The record at offset {record.offset} isn't the order that belongs there.",
                    expected=shown_bytes(as_json(order)),
                    observed=shown_bytes(record.value),
                )
        if len(records) != len(orders):
            observed = f"{counted(len(records), 'record')} in the topic"
            return wrong("Not each order has one record.", expected=expected, observed=observed)
        return passed("Each order is in the topic, once, in order.")


class CatchUp(Exercise):
    """A consumer with a place of its own."""

    title = "Billing catches up"
    task = (
        "Billing is switched off now and then. `catch_up(topic, group)` is to read what the group hasn't read yet, and return the `order_id`s as a list. "
        "The first call returns everything that is in the topic; each later call only what has come since, which may be nothing. It must not wait for ever: `unread(consumer)` ends when "
        "everything is read."
    )
    points = 2
    hints = (
        "Who remembers how far billing has come, when billing itself is switched off in between?",
        "Kafka keeps a place for each `group_id`. A group that has none yet starts where `auto_offset_reset` says.",
        "Lesson 01 has a function `run_service`, whose consumer has both. Here the order ids go into a list, and the list is returned.",
    )
    why = (
        "Closing the consumer committed the group's place, and Kafka keeps it under the group's name. The next consumer of that name goes on from there, on whatever machine it runs. "
        '`"earliest"` counted only at the first call, when there was no place yet.'
    )
    misconceptions = (READS_FROM_THE_START, KAFKA_KNOWS_WHAT_I_READ)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Three calls: everything, what has come since, nothing."""
        topic, group = scene.topic("orders"), scene.group("billing")
        before, after = _split(scene.orders(scene.random.randint(6, 9)), 4)
        scene.publish(topic, before)
        first = scene.call(attempt, topic, group)
        if not same(first, ids(before)):
            return wrong(
                "The first call didn't return what is in the topic.",
                expected=f"orders {listed(ids(before))}, as a list",
                observed=shown(first),
                misconception=from_the_end(attempt) if same(first, []) else None,
            )
        if verdict := _without_place(scene, group, topic, len(before)):
            return verdict
        scene.publish(topic, after)
        second = scene.call(attempt, topic, group)
        if not same(second, ids(after)):
            again = isinstance(second, list) and any(same(one, old) for one in second for old in ids(before))
            return wrong(
                "The second call didn't return just what had come since the first.",
                expected=f"orders {listed(ids(after))}, as a list",
                observed=shown(second),
                misconception=KAFKA_KNOWS_WHAT_I_READ if again else None,
            )
        if not same(third := scene.call(attempt, topic, group), []):
            return wrong("The third call had nothing to read.", expected="an empty list", observed=shown(third))
        return passed("Billing reads each order once, and goes on where it stopped.")


class EveryServiceItsOwn(Exercise):
    """Several groups on one topic."""

    title = "Everybody hears of it"
    task = (
        "Inventory, billing and shipping each want every order. `tell_all(topic, services)` gets the topic and a list of services' names, lets each service read "
        "for itself, under its name as `group_id`, what it hasn't read yet, and returns a dictionary: for each name the list of `order_id`s that this service has read."
    )
    points = 2
    hints = (
        "When billing has read a record, what is different for shipping?",
        "Each service needs a place of its own in the topic, and Kafka keeps a place for each `group_id`.",
        "Go through the names, and let each have a consumer whose `group_id` is that name: then it is exercise 2, once for each.",
    )
    why = (
        "Three groups, three places in one log. No service took anything away from another, and nothing was sent three times: the topic has each record once. Another service "
        "is another name in the list, and nobody else notices."
    )
    misconceptions = (SAME_GROUP_GIVES_COPIES, LOG_IS_A_QUEUE)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Every group has read every record, itself."""
        topic = scene.topic("orders")
        services = [scene.group(name) for name in ("inventory", "billing", "shipping")]
        before, after = _split(scene.orders(scene.random.randint(6, 9)), 4)
        for new, count in ((before, len(before)), (after, len(before + after))):
            scene.publish(topic, new)
            result = scene.call(attempt, topic, list(services))
            if verdict := self._look(scene, topic, services, ids(new), count, result):
                return verdict
        return passed("Each service has read every order, under its own name.")

    def _look(
        self, scene: Scene, topic: str, services: list[str], new: list[int], count: int, result: Any
    ) -> Verdict | None:
        """What is wrong after a call that was to read these orders."""
        if not isinstance(result, dict) or not same(result.keys(), set(services)):
            return wrong(
                "The result doesn't say for each service what it read.",
                expected=f"a dictionary with the keys {listed(services)}",
                observed=shown(result),
            )
        if not all(same(result[name], new) for name in services):
            return wrong(
                "Not every service has read every order that had come.",
                expected=f"orders {listed(new)} for each of the services",
                observed="; ".join(f"{name}: {shown(result[name])}" for name in services),
                misconception=_shared_out([result[name] for name in services], new),
            )
        if without := [name for name in services if scene.committed(name) != {(topic, 0): count}]:
            return wrong(
                "The result is right, but not every service has read for itself.",
                expected=f"each service has a committed offset of {count} in the topic, under its own name",
                observed=f"{listed(without)} {'has' if len(without) == 1 else 'have'} no such place",
            )
        return None


def _shared_out(read: list[Any], new: list[int]) -> Misconception | None:
    """What somebody believes whose services share the orders, each of which is read once."""
    if not all(isinstance(part, list) and all(isinstance(one, int) for one in part) for part in read):
        return None
    if sorted(one for part in read for one in part) != new:
        return None
    return SAME_GROUP_GIVES_COPIES if new in read else LOG_IS_A_QUEUE


class ReadAgain(Exercise):
    """No scaffolding: a report that can be made as often as one likes."""

    title = "The sales of each month"
    task = (
        "Analytics has lost its database. `sales_by_month(topic)` is to return what was sold in each month, from everything that the topic holds: a dictionary such as "
        '`{"1997-01": 41.5, "1997-02": 12.0}`, in dollars. It is called again whenever somebody wants the report, and has to give the whole of it each time.'
    )
    points = 3
    hints = (
        "Should this reader go on where it stopped the last time, or not? Who decides that?",
        "A consumer without a `group_id` has no committed offset: it starts where `auto_offset_reset` says, each time.",
        'The month is the beginning of the date: `order["date"][:7]`. Add up `order["dollars"]` in a dictionary that is made inside the function.',
    )
    why = "A log can be read as often as one likes, and whoever needs everything starts at the beginning. Nobody else's place was moved: without a `group_id` there is none to move."
    misconceptions = (EARLIEST_ALWAYS_REPLAYS, READS_FROM_THE_START)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """The same report twice, and a longer one when more has come."""
        topic, another = scene.topic("orders"), scene.topic("other-orders")
        before, after = _split(scene.orders(scene.random.randint(8, 12)), 6)
        others = scene.orders(3)
        scene.publish(topic, before)
        scene.publish(another, others)
        if not same_amounts(report := scene.call(attempt, another), expected := sales_by_month(others)):
            return wrong(
                "The report is wrong.",
                expected=shown(expected),
                observed=shown(report),
                misconception=from_the_end(attempt) if same(report, {}) else None,
            )
        for call, (headline, orders) in enumerate(
            [
                ("The report of another topic is wrong.", before),
                ("The second report isn't whole.", before),
                ("A later report isn't whole.", before + after),
            ]
        ):
            if call == 2:
                scene.publish(topic, after)
            report, expected = scene.call(attempt, topic), sales_by_month(orders)
            if not same_amounts(report, expected):
                nothing = from_the_end(attempt) if call == 0 else EARLIEST_ALWAYS_REPLAYS
                continued = same(report, {}) or (call == 2 and same_amounts(report, sales_by_month(after)))
                return wrong(
                    headline,
                    expected=shown(expected),
                    observed=shown(report),
                    misconception=nothing if continued else None,
                )
        return passed("The report is whole, each time.")


class FromTopicToTopic(Exercise):
    """The stretch: consume, transform, produce."""

    title = "An invoice for each order"
    task = (
        "Billing now publishes what it does, so that others can go on from there. `write_invoices(orders_topic, invoices_topic, group)` is to read what the group hasn't read yet in the "
        'first topic, and publish an invoice for each order to the second: JSON such as `{"order_id": 7, "dollars": 29.33}`. It returns nothing. When it is called again, no order may be '
        "invoiced a second time."
    )
    points = 3
    hints = (
        "Two exercises of this lab are in this one. Which?",
        "One function may have a consumer and a producer: for each record that comes in, one goes out.",
        "What is sent has to be stored before the group's place is: close (or flush) the producer before the consumer closes.",
    )
    why = (
        "Read, do, publish: most services in a publish–subscribe system look like this one. Each knows two topics and nobody's address. What happens when it dies between publishing and storing "
        "its place is the matter of lessons 06 and 10."
    )
    misconceptions = (READS_FROM_THE_START, KAFKA_KNOWS_WHAT_I_READ)
    is_stretch = True

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Each order has one invoice, after two calls with something new and one with nothing."""
        orders_topic, invoices_topic, group = scene.topic("orders"), scene.topic("invoices"), scene.group("billing")
        before, after = _split(scene.orders(scene.random.randint(6, 9)), 4)
        for call, (new, all_orders) in enumerate([(before, before), (after, before + after), ([], before + after)]):
            scene.publish(orders_topic, new)
            scene.call(attempt, orders_topic, invoices_topic, group)
            invoices = scene.records(invoices_topic)
            if [content(one) for one in invoices] != [_invoice(order) for order in all_orders]:
                return self._wrong(attempt, call, invoices, all_orders)
            if verdict := _without_place(scene, group, orders_topic, len(all_orders)):
                return verdict
        return passed("Each order has its invoice, and none has two.")

    def _wrong(
        self, attempt: Callable[..., Any], call: int, invoices: tuple[Record, ...], orders: list[Purchase]
    ) -> Verdict:
        which = ("first", "second", "third")[call]
        expected = f"{counted(len(orders), 'invoice')} in all, for orders {listed(ids(orders))}, in that order"
        if not invoices:
            return wrong(
                "Nothing was invoiced.",
                expected=expected,
                observed="the topic is empty",
                misconception=from_the_end(attempt),
            )
        odd = next((one for one in invoices if not _is_invoice(content(one))), None)
        if odd:
            return wrong(
                f"The record at offset {odd.offset} isn't an invoice.",
                expected=shown_bytes(json.dumps(_invoice(orders[0])).encode()),
                observed=shown_bytes(odd.value),
            )
        invoiced = [content(one)["order_id"] for one in invoices]
        if invoiced == ids(orders):
            pairs = zip(invoices, orders, strict=True)
            record, order = next((one, order) for one, order in pairs if content(one) != _invoice(order))
            return wrong(
                f"The invoice at offset {record.offset} says something else than its order.",
                expected=shown_bytes(json.dumps(_invoice(order)).encode()),
                observed=shown_bytes(record.value),
            )
        twice = call > 0 and len(invoiced) > len(set(invoiced))
        return wrong(
            f"After the {which} call some orders have two invoices."
            if twice
            else f"After the {which} call the invoices aren't those of the orders.",
            expected=expected,
            observed=f"{counted(len(invoiced), 'invoice')}, for orders {listed(invoiced)}",
            misconception=KAFKA_KNOWS_WHAT_I_READ if twice else None,
        )


def _without_place(scene: Scene, group: str, topic: str, read: int) -> Verdict | None:
    """The result may be right, and yet nobody but this notebook knows of it."""
    if scene.committed(group).get((topic, 0)) == read:
        return None
    return wrong(
        "The result is right, but Kafka hasn't kept the group's place: when billing is switched off, it is forgotten.",
        expected=f"the group {group} has a committed offset of {read} in the topic",
        observed="it has none" if not scene.committed(group) else f"it has {listed(scene.committed(group).values())}",
        misconception=KAFKA_KNOWS_WHAT_I_READ,
    )


def _split(orders: list[Purchase], first: int) -> tuple[list[Purchase], list[Purchase]]:
    return orders[:first], orders[first:]


def _invoice(order: Purchase) -> dict[str, Any]:
    return {"order_id": order["order_id"], "dollars": order["dollars"]}


def _is_invoice(found: Any) -> bool:
    return isinstance(found, dict) and set(found) == {"order_id", "dollars"} and type(found["order_id"]) is int


EXERCISES = (PublishEach(), CatchUp(), EveryServiceItsOwn(), ReadAgain(), FromTopicToTopic())
