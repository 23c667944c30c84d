"""The shop's real orders: the purchases of 2,357 customers of the online shop CDNOW, January 1997 to June 1998.

Source: P. S. Fader and B. G. S. Hardie's sample, as shipped in the MIT-licensed Python package Lifetimes 0.11.3
(`lifetimes/datasets/CDNOW_sample.txt`), copied to `data/cdnow_sample.txt`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TypedDict


class Purchase(TypedDict):
    """One order: plain Python, so that `json.dumps(purchase)` is all that a producer needs."""

    order_id: int  # 1 to 6919: its place by date
    customer: str  # "0001" to "2357": the customer's id in the sample
    date: str  # "1997-01-01" to "1998-06-30"
    cds: int  # how many were bought
    dollars: float  # what they cost together


def purchases() -> list[Purchase]:
    """All 6,919 orders, oldest first; orders of one day keep the order of the source, which is by customer.

    Every call gives fresh dictionaries: change them as you like.
    """
    return [purchase.copy() for purchase in _read()]


@cache
def _read() -> tuple[Purchase, ...]:
    text = files("learnkafka").joinpath("data/cdnow_sample.txt").read_text(encoding="ascii")
    rows = sorted((line.split() for line in text.splitlines() if line.strip()), key=lambda row: row[2])
    return tuple(
        Purchase(
            order_id=place,
            customer=customer,
            date=f"{day[:4]}-{day[4:6]}-{day[6:]}",
            cds=int(cds),
            dollars=float(dollars),
        )
        for place, (_, customer, day, cds, dollars) in enumerate(rows, start=1)
    )
