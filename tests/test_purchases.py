"""The shop's orders are those of the source, in the order of their dates."""

from __future__ import annotations

from importlib.resources import files
from itertools import pairwise

from learnkafka import purchases

SOURCE = [
    line.split() for line in files("learnkafka").joinpath("data/cdnow_sample.txt").read_text().splitlines() if line
]


def test_all_orders_are_there() -> None:
    """6,919 orders of 2,357 customers, with the source's discs and dollars."""
    orders = purchases()
    assert len(orders) == len(SOURCE) == 6919
    assert len({order["customer"] for order in orders}) == 2357
    assert sum(order["cds"] for order in orders) == sum(int(row[3]) for row in SOURCE)
    assert round(sum(order["dollars"] for order in orders), 2) == round(sum(float(row[4]) for row in SOURCE), 2)


def test_an_order_is_its_line_of_the_source() -> None:
    """The first line of the source is customer 0001's purchase of New Year's Day 1997."""
    assert purchases()[0] == {"order_id": 1, "customer": "0001", "date": "1997-01-01", "cds": 2, "dollars": 29.33}
    assert purchases()[-1]["date"] == "1998-06-30"


def test_orders_stand_by_date_and_within_a_day_as_in_the_source() -> None:
    """The sort is stable, and an order's number is its place."""
    orders = purchases()
    assert [order["order_id"] for order in orders] == list(range(1, 6920))
    assert all((a["date"], a["customer"]) <= (b["date"], b["customer"]) for a, b in pairwise(orders))


def test_every_call_gives_fresh_orders() -> None:
    """What a learner does to an order, the next caller doesn't see."""
    purchases()[0]["dollars"] = 0.0
    assert purchases()[0]["dollars"] == 29.33
