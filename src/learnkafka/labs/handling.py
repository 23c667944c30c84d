"""The work on an order, as checks hand it to a learner's function: it notes what it was given, and may raise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from learnkafka.labs.calling import LearnerError
from learnkafka.labs.misconceptions import from_the_end
from learnkafka.labs.orders import ids
from learnkafka.labs.showing import listed, shown
from learnkafka.labs.source import mentions
from learnkafka.labs.verdict import Verdict, wrong

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.purchases import Purchase


class Slip(Exception):  # noqa: N818 - a name for a learner to read
    """What the check's handlers raise."""


class Handler:
    """`given` are the ids of the orders that it was called with, `handled` those for which it didn't raise; `look` is called before each."""

    def __init__(self, raises_at: int = 0, look: Callable[[], None] = lambda: None) -> None:
        self.given: list[Any] = []
        self.handled: list[Any] = []
        self._raises_at = raises_at
        self._look = look

    def __call__(self, order: Any) -> None:
        self._look()
        found = order.get("order_id") if isinstance(order, dict) else None
        self.given.append(found if isinstance(found, int) else shown(order))
        if len(self.given) == self._raises_at:
            raise Slip("this order can't be handled now")
        self.handled.append(self.given[-1])

    def misfit(self, orders: list[Purchase]) -> Verdict | None:
        """A verdict where it was called with something that isn't one of the orders."""
        odd = [one for one in self.given if one not in ids(orders)]
        if not odd:
            return None
        return wrong(
            "The function that handles an order was called with something else than an order of the topic, as a dictionary.",
            expected=f"an order such as {shown(orders[0])}",
            observed=str(odd[0]) if isinstance(odd[0], str) else f"an order with the id {shown(odd[0])}",
        )


def fails(
    scene: Scene, attempt: Callable[..., Any], topic: str, group: str, handler: Handler, orders: list[Purchase]
) -> Verdict | None:
    """Call a function whose handler raises on the way; a verdict where the error doesn't come out, or comes too early."""
    try:
        scene.call(attempt, topic, group, handler)
    except LearnerError as raised:
        if isinstance(raised.error, Slip):
            return handler.misfit(orders)
        raise
    if problem := handler.misfit(orders):
        return problem
    if len(handler.given) == len(handler.handled):
        return wrong(
            "Not every order was handed to the function that handles it.",
            expected="a call for each order in the topic",
            observed=f"calls for {listed(handler.given)}",
            misconception=from_the_end(attempt) if not handler.given and mentions(attempt, "KafkaConsumer") else None,
        )
    return wrong(
        f"The error at order {handler.given[len(handler.handled)]} didn't come out of your function.",
        expected="the error that the handling function raised",
        observed="your function returned as if all were well",
    )
