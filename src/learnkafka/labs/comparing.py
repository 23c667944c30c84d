"""Comparing what a learner's function returned, which may be anything: an array, or an object that won't be compared."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real
from typing import Any


def same(result: object, expected: object) -> bool:
    """Whether they are equal; where comparing raises, or has no plain answer (as with an array), they aren't."""
    try:
        return bool(result == expected)
    except Exception:  # noqa: BLE001 - a class of their own may raise whatever it likes
        return False


def same_amounts(report: object, expected: dict[str, float]) -> bool:
    """Whether it is a dictionary with the same keys and, to the cent, the same amounts: sums of fractions depend on their order."""
    if not isinstance(report, dict) or not same(report.keys(), expected.keys()):
        return False
    return all(isinstance(report[key], int | float) and _near(report[key], expected[key]) for key in expected)


def same_pair(result: object, first: float, second: float) -> bool:
    """Whether it is a pair of these amounts, to the cent."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        return False
    return (
        all(isinstance(one, Real | Decimal) for one in result) and _near(result[0], first) and _near(result[1], second)
    )


def _near(amount: Any, expected: float) -> bool:
    if isinstance(amount, Decimal):
        amount = float(amount) if amount.is_finite() else float("nan")
    return bool(expected - 0.005 < amount < expected + 0.005)  # a difference would raise where a whole number is huge
