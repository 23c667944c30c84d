"""The practice exercise of lesson 00."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from learnkafka.errors import CourseError
from learnkafka.labs.exercise import Exercise, Handed
from learnkafka.labs.orders import NOT_JSON, as_json, content
from learnkafka.labs.showing import shown_bytes
from learnkafka.labs.verdict import Verdict, not_attempted, passed, wrong

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.purchases import Purchase


class SendAnOrder(Exercise):
    """A record more in the topic of the lesson."""

    title = "Send an order"
    task = (
        "A customer has just bought something: `lab.given(1)` gives you the order, another one each time. "
        "Send it to the topic `orders`, as the lesson did."
    )
    points = 1
    hints = (
        "Which cell of this lesson sent an order to the topic? What would have to be another in it?",
        "What `send()` takes is the topic and the value, and a value is bytes: the order as JSON text, encoded.",
        "Copy the line with `producer.send(…)` from *A first record goes in*, and put `order` in the place of `orders[0]`.",
    )
    why = (
        "The producer sent the bytes to the broker, and the broker put them at the end of the topic. "
        "The check read the newest record, and found your order in it."
    )
    handed = Handed.NOTHING

    def given(self, scene: Scene) -> Purchase:
        """An order; what is in the topic already is noted."""
        name = scene.broker.name("orders")
        frame = scene.observer.topic(name)
        if frame is None:
            raise CourseError("There is no topic 'orders' yet; run the cells above first.")
        [order] = scene.orders(1)
        scene.memory.update(order=order, ends={one.number: one.high_watermark for one in frame.partitions})
        return order

    def check(self, scene: Scene, attempt: Any) -> Verdict:
        """The newest record since the order was given has to be the order."""
        if "order" not in scene.memory:
            return not_attempted("No order has been given out yet. Run the cell with lab.given(1) first.")
        ends = scene.memory["ends"]
        new = [
            one for one in scene.records(scene.broker.name("orders")) if one.offset >= (ends.get(one.partition) or 0)
        ]
        if not new:
            return not_attempted("No record has come into the topic since the order was given out.")
        expected = as_json(scene.memory["order"])
        found = content(new[-1])
        if found != scene.memory["order"]:
            return wrong(
                "The newest record isn't JSON." if found is NOT_JSON else "The newest record isn't the order.",
                expected=shown_bytes(expected),
                observed=f"the newest record is {shown_bytes(new[-1].value)}",
            )
        return passed("The order is in the topic.")


EXERCISES = (SendAnOrder(),)
