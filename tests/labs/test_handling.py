"""Whatever a learner's function hands to the work on an order, its check answers: no error of ours, and no points."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from learnkafka import open_lab
from learnkafka.labs.verdict import Outcome

if TYPE_CHECKING:
    from learnkafka.broker import Broker

LAB = "06-offsets-and-delivery"


@pytest.mark.parametrize("number", [3, 4, 6])
def test_what_is_handed_to_the_work(number: int, odd: object, broker: Broker) -> None:
    """In place of an order, or as its id."""
    lab = open_lab(LAB, broker, seed=7)
    values: list[Any] = [None, True, b"{}", odd, [odd], {}, {"order_id": odd}, {"order_id": []}, {"order_id": 10**5000}]
    for value in values:

        def attempt(topic: str, group: str, work: Callable[[Any], None], *_: object, value: Any = value) -> None:
            for _time in range(3):
                work(value)

        score = lab.check(number, attempt)
        assert score.verdict.outcome is Outcome.WRONG, score.verdict
        assert "was called with something else than an order" in score.verdict.headline
