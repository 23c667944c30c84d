"""Lab 03: wait for the answer, find what was refused, count the copies, send much in little, lose answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from learnkafka.labs.comparing import same
from learnkafka.labs.exercise import Exercise
from learnkafka.labs.misconceptions import (
    A_PRODUCER_FOR_EACH_RECORD,
    ALL_MEANS_ALL_REPLICAS,
    AN_ERROR_MEANS_NOT_STORED,
    COMPRESSES_EACH_RECORD,
    FLUSH_RAISES,
    NO_ERROR_MEANS_STORED,
    RETRIES_ARE_HARMLESS,
    SEND_STORES,
    WAIT_FOR_EACH,
)
from learnkafka.labs.orders import as_json, content, ids, order_id
from learnkafka.labs.producers import Watch, came_back_early, lossy_network
from learnkafka.labs.showing import counted, listed, shown, shown_bytes
from learnkafka.labs.source import mentions, never_waits
from learnkafka.labs.verdict import Misconception, Verdict, passed, wrong

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.observe import Record
    from learnkafka.purchases import Purchase

_CONTENT_TYPE = ("content-type", b"application/json")


class ThankTheCustomer(Exercise):
    """A worked example with one gap."""

    title = "Thank the customer"
    task = (
        "The website thanks a customer when the order is safe, and not before. `place_order(producer, topic, order)` is to send the order with the producer that it is given, and to return the offset that the order has "
        "got, once the broker has said so. One line is missing."
    )
    points = 1
    hints = (
        "Who knows the offset first, the producer or the broker? And what have you in your hands when `send()` comes back?",
        "A future can be waited for. What comes out of it has the record's partition and its offset.",
        "Lesson 00 has done it with its first record, in the variable `stored`; lesson 03 says what it waits for, under *Waiting for the answer*.",
    )
    why = "The offset is given by the broker, so whoever has it knows that the record is stored. Between `send()` and that moment the order was in the memory of your program, and nowhere else."
    misconceptions = (SEND_STORES,)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Twice, in a topic that has some orders already."""
        topic, producer = scene.topic("orders"), scene.producer(linger_ms=30)
        orders = scene.orders(scene.random.randint(5, 8))
        before, watch = len(orders) - 2, Watch(producer)
        scene.publish(topic, orders[:before])
        for offset, order in enumerate(orders[before:], start=before):
            result = scene.call(attempt, producer, topic, order.copy())
            expected = f"{offset}, the offset of order {order['order_id']}"
            if not watch.all_answered:
                return wrong(
                    "The function came back before the broker had answered.",
                    expected=expected,
                    observed=f"{_kind(result)}, while the order was still in the producer's buffer",
                    misconception=SEND_STORES,
                )
            records = scene.records(topic)
            if len(records) != offset + 1 or content(records[-1]) != order:
                return wrong(
                    "The order isn't in the topic, or not once.",
                    expected=f"{counted(offset + 1, 'record')}, the last of them {shown_bytes(as_json(order))}",
                    observed=f"{counted(len(records), 'record')}, the last of them {shown_bytes(records[-1].value)}",
                )
            if not same(result, offset) or isinstance(result, bool):
                return wrong("What came back isn't the order's offset.", expected=expected, observed=_kind(result))
        return passed("The function comes back with the offset, when the order is stored.")


class FindTheRefused(Exercise):
    """Futures, looked at when everything is sent."""

    title = "Which were refused?"
    task = (
        "Customers may add a note to an order, and some notes are too long for the topic. `refused(producer, topic, orders)` is to send every order as JSON, without waiting after each, and to return a list with the `order_id`s "
        "of those that the broker has refused. What is too long, the broker alone decides: each topic has a limit of its own. (The producer that is handed over isn't idempotent, so that it goes on after a refusal.)"
    )
    points = 2
    hints = (
        "There are many orders, and one answer to each. Where does each answer arrive?",
        "`send()` gives back a future for each order: keep it, together with the order it belongs to. A refusal comes out of it as an error.",
        "Two loops: the first sends everything, and keeps pairs of an id and a future; the second waits for each future, inside a `try`, and notes the ids of those that raise.",
    )
    why = "Everything was sent before the first answer was waited for, so the orders travelled together; and each answer stood in a future of its own, so none was overlooked. Callbacks would do as well, with a `flush()` in the end."
    misconceptions = (SEND_STORES, FLUSH_RAISES, WAIT_FOR_EACH)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Ten or so, of which two or three are too long for a limit that no guess hits."""
        limit = scene.random.choice((scene.random.randint(600, 700), scene.random.randint(1_400, 1_600)))
        topic = scene.topic("orders", max_message_bytes=limit)
        # A batch for each: where several are in one, kafka-python takes a refused batch apart, and flush() fails.
        watch = Watch(producer := scene.producer(batch_size=1, enable_idempotence=False))
        orders: list[dict[str, Any]] = [dict(order) for order in scene.orders(scene.random.randint(9, 12))]
        long = sorted(scene.random.sample(range(len(orders)), scene.random.randint(2, 3)))
        fitting_notes = scene.random.sample([place for place in range(len(orders)) if place not in long], 2)
        for place in long + fitting_notes:
            size = limit + scene.random.randint(0, 100) if place in long else limit - 300
            orders[place]["note"] = ("happy birthday " * limit)[:size]
        result = scene.call(attempt, producer, topic, [order.copy() for order in orders])
        refused = [orders[place]["order_id"] for place in long]
        expected = f"orders {listed(refused)}, as a list"
        if not watch.all_answered:
            return wrong(
                "The function came back before the broker had answered.",
                expected=expected,
                observed=_kind(result),
                misconception=SEND_STORES,
            )
        if (sent := len(watch.futures)) < len(orders):
            return wrong(
                "Not every order was sent with the producer that was handed over, so the broker couldn't decide on it.",
                expected=f"{counted(len(orders), 'send')}, one for each order",
                observed=counted(sent, "send"),
            )
        stored = [content(record) for record in scene.records(topic)]
        if stored != (fitting := [order for place, order in enumerate(orders) if place not in long]):
            return wrong(
                "The topic doesn't have just those orders that fit, once, in their order.",
                expected=f"{counted(len(fitting), 'record')}, with orders {listed(one['order_id'] for one in fitting)}",
                observed=f"{counted(len(stored), 'record')}",
            )
        if not isinstance(result, list) or not same(result, refused):
            waits_for_errors = FLUSH_RAISES if mentions(attempt, "except") else None
            nothing = waits_for_errors if mentions(attempt, "flush") else SEND_STORES
            return wrong(
                "What came back isn't the list of the refused orders.",
                expected=expected,
                observed=_kind(result),
                misconception=nothing if same(result, []) else None,
            )
        if watch.one_at_a_time:
            return wrong(
                "The list is right, but each order waited for the answer to the one before.",
                expected="everything is sent, and then the answers are waited for",
                observed=f"before each of {counted(len(watch.futures), 'send')} all earlier ones had been answered",
                misconception=WAIT_FOR_EACH,
            )
        return passed("Everything was sent, and every refusal was noticed.")


class CountTheCopies(Exercise):
    """acks, and what is in sync."""

    title = "How many copies?"
    task = (
        'Before a service chooses its `acks`, the shop wants to know what an answer is worth. `copies(partition, acks)` gets one partition as `describe_topics()` describes it, and `0`, `1` or `"all"`. It is to return how '
        "many brokers certainly have the record at the moment when `get()` comes back. (One broker can keep one copy only, so the check hands over partitions as larger clusters describe them.)"
    )
    points = 2
    hints = (
        "Which brokers has the leader waited for before it answers, in each of the three cases?",
        'Two lists in the description name brokers: those that are to keep a copy, and those whose copy is up to date. Only one of them matters to `"all"`.',
        "With 0 nobody was waited for, with 1 the leader alone. For the third case lesson 03 takes a description apart, under *What an answer is worth*.",
    )
    why = "The leader answers when every copy *in sync* has the record, and that number changes while brokers come and go. How few it may become before Kafka refuses to write is a setting of the topic: `min.insync.replicas` (lesson 11)."
    misconceptions = (ALL_MEANS_ALL_REPLICAS, NO_ERROR_MEANS_STORED)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """A partition with a copy that has fallen behind, one that is whole, and one with its leader only."""
        for behind in (scene.random.randint(2, 3), 0, 4):
            brokers = scene.random.sample(range(1, 30), 5)
            in_sync = brokers[: 5 - behind]
            for acks, expected in (("all", len(in_sync)), (1, 1), (0, 0)):
                partition = _described(scene, brokers, in_sync)
                result = scene.call(attempt, partition, acks)
                if not same(result, expected) or isinstance(result, bool):
                    return wrong(
                        f"Another number of brokers certainly has the record, with acks={acks}.",
                        expected=f"{expected}: copies on brokers {listed(brokers)}, of which {listed(in_sync)} in sync",
                        observed=_kind(result),
                        misconception=self._belief(result, acks, len(brokers)),
                    )
        return passed("The function says what each answer is worth.")

    def _belief(self, result: Any, acks: Any, replicas: int) -> Misconception | None:
        if acks == "all":
            return ALL_MEANS_ALL_REPLICAS if same(result, replicas) else None
        return NO_ERROR_MEANS_STORED if acks == 0 and same(result, 1) else None


class ExportOrders(Exercise):
    """No scaffolding: batches, compression, headers."""

    title = "Much in little"
    task = (
        "Accounting gets all orders of a season at once. `export_orders(topic, orders)` is to open a producer and to publish each order as a record of its own, in the sequence of the list. A record's value is its order as JSON, and "
        "it has one header: `content-type` with the value `application/json`. It is to save space: what the topic takes on the broker's disk, headers included, may be at most half as many bytes as all the values have together. "
        "When the function comes back, every order is stored; it needn't return anything."
    )
    points = 3
    hints = (
        "Uncompressed the records take more than their JSON, since each has some bytes around it. What makes them fewer, and what does it work on?",
        "A producer has a setting `compression_type`. It works on batches, so give it the chance to fill them: when does your code wait?",
        "Lesson 03 compresses under *Fewer bytes* and sends headers under *A producer in a service*. Send all, and let `with` or `flush()` wait once, in the end.",
    )
    why = "Orders look alike, and so do their headers, and what is alike is stored once in a batch: a header on each record costs next to nothing then. The broker has stored the batches as they came; whoever reads them unpacks them."
    misconceptions = (SEND_STORES, COMPRESSES_EACH_RECORD)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Some hundred orders."""
        topic, orders = scene.topic("export"), scene.orders(scene.random.randint(700, 800))
        scene.call(attempt, topic, [order.copy() for order in orders])
        if never_waits(attempt):
            return came_back_early(len(orders))
        records = scene.records(topic)
        if len(records) != len(orders):
            return wrong(
                "Not each order has one record.",
                expected=counted(len(orders), "record"),
                observed=counted(len(records), "record"),
            )
        for record, order in zip(records, orders, strict=True):
            if verdict := self._differing(record, order):
                return verdict
        most, taken = sum(len(as_json(order)) for order in orders) // 2, scene.bytes_on_disk(topic)
        if taken > most:
            return wrong(
                "The records are right, but the topic takes too many bytes.",
                expected=f"at most {most:,} bytes on the broker's disk, half of what the values have",
                observed=f"{taken:,} bytes",
                misconception=COMPRESSES_EACH_RECORD if mentions(attempt, "compression_type") else None,
            )
        return passed("Every order is there, and the topic takes no more than half of what the values have.")

    def _differing(self, record: Record, order: Purchase) -> Verdict | None:
        if content(record) != order:
            return wrong(
                f"The record at offset {record.offset} isn't the order that belongs there.",
                expected=shown_bytes(as_json(order)),
                observed=shown_bytes(record.value),
            )
        if _CONTENT_TYPE not in record.headers:
            return wrong(
                f"The record at offset {record.offset} doesn't say what it holds.",
                expected=f"a header {_CONTENT_TYPE[0]} with the bytes {shown_bytes(_CONTENT_TYPE[1])}",
                observed=f"the headers {shown(list(record.headers))}" if record.headers else "no header",
            )
        return None


class SurviveLosses(Exercise):
    """The stretch: retries that store nothing twice."""

    title = "A bad line"
    task = (
        "The line between the warehouse and the broker is bad: requests get lost, and so do answers. `publish_over(network, topic, orders, name)` is to open one producer, for all orders, and to publish each order as JSON. The "
        "producer gets the setting `kafka_client=network`, which is the bad line, and `name` is the name by which the broker is to know it. When the function comes back, every order is stored, once, in the sequence of the list; "
        "it needn't return anything."
    )
    points = 3
    hints = (
        "The broker has stored an order, and the answer is lost. Who sends it again, and how is the broker to know that it has it already?",
        "A producer retries by itself. Whether the broker recognises a retry, depends on whether the producer is idempotent. What turns that off?",
        "Lesson 03 sends one order through such a network, under *When the answer is lost*: the second of its two producers is what you want. Its `client_id` is the name.",
    )
    why = "Your producer got a number from the broker, and numbered what it sent; so the broker knew each retry, and answered without storing it again. It also kept the order: a batch that is sent again goes before those that come after it."
    misconceptions = (SEND_STORES, RETRIES_ARE_HARMLESS, AN_ERROR_MEANS_NOT_STORED, A_PRODUCER_FOR_EACH_RECORD)
    is_stretch = True

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Five orders, and each connection loses a request and an answer."""
        topic, network = scene.topic("orders"), lossy_network()
        name = f"warehouse-{scene.random.getrandbits(12):03x}"
        orders = scene.orders(5)
        scene.call(attempt, network, topic, [order.copy() for order in orders], name)
        records = scene.records(topic)
        if not network.opened:
            return wrong(
                "No producer was opened over the network that was handed over.",
                expected="one producer over it",
                observed="none",
            )
        if never_waits(attempt):
            return came_back_early(len(orders))
        stored, wanted = [order_id(record) for record in records], ids(orders)
        if lacking := [one for one in wanted if one not in stored]:
            return wrong(
                f"A request was lost on its way to the broker, and with it {'an order' if len(lacking) == 1 else 'orders'}.",
                expected=f"orders {listed(wanted)}",
                observed=f"orders {listed(map(shown, stored))}" if stored else "no records",
            )
        if [content(record) for record in records] != orders:
            return wrong(
                "The topic doesn't have each order once, in its order.",
                expected=f"orders {listed(wanted)}",
                observed=f"orders {listed(map(shown, stored))}",
                misconception=self._belief(records, orders, network.opened),
            )
        if len(network.opened) > 1:
            return wrong(
                "The orders are there, but more than one producer was opened for them.",
                expected="one producer over the network",
                observed=counted(len(network.opened), "producer"),
                misconception=A_PRODUCER_FOR_EACH_RECORD,
            )
        if (seen := network.opened[0]["client_id"]) != name:
            return wrong(
                "The orders are there, but the broker has seen another name.",
                expected=name,
                observed=shown(seen),
            )
        return passed("A request was lost, and an answer, and each order is there, once, in order.")

    def _belief(
        self, records: tuple[Record, ...], orders: list[Purchase], opened: list[dict[str, Any]]
    ) -> Misconception | None:
        """What somebody believes whose orders are all there, some of them more than once."""
        times = Counter(record.value for record in records)
        if set(times) != {as_json(order) for order in orders} or max(times.values()) < 2:
            return None
        by_itself = any(settings["retries"] for settings in opened)
        return RETRIES_ARE_HARMLESS if by_itself else AN_ERROR_MEANS_NOT_STORED


def _described(scene: Scene, replicas: list[int], in_sync: list[int]) -> dict[str, Any]:
    """A partition in the admin client's own form, its lists in the order in which brokers happen to stand there."""
    return {
        "error_code": 0,
        "partition_index": scene.random.randint(0, 5),
        "leader_id": in_sync[0],
        "leader_epoch": scene.random.randint(1, 9),
        "replica_nodes": scene.random.sample(replicas, len(replicas)),
        "isr_nodes": scene.random.sample(in_sync, len(in_sync)),
        "offline_replicas": [],
    }


def _kind(result: Any) -> str:
    """What a function returned; a future's own text says nothing to a person."""
    if type(result).__name__ == "FutureRecordMetadata":
        return "a future"
    if type(result).__name__ == "RecordMetadata":
        return "a record's whole address, with its time and sizes"
    return shown(result)


EXERCISES: tuple[Exercise, ...] = (
    ThankTheCustomer(),
    FindTheRefused(),
    CountTheCopies(),
    ExportOrders(),
    SurviveLosses(),
)
