"""The shop's orders as JSON in records, and as ids. What a record holds is anybody's: nothing here raises for it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from learnkafka.observe import Record
    from learnkafka.purchases import Purchase

NOT_JSON = object()  # not None, which is what JSON's null says


def as_json(order: Purchase) -> bytes:
    """An order as the course's producers write it."""
    return json.dumps(order).encode()


def content(record: Record) -> Any:
    """What the record's JSON says; NOT_JSON where it isn't JSON."""
    try:
        return json.loads(record.value or b"")
    except (ValueError, RecursionError):  # a thousand brackets within each other
        return NOT_JSON


def millis(date: str) -> int:
    """The timestamp of a date such as `1997-03-16`, as Kafka counts: milliseconds since 1970 (UTC)."""
    return int(datetime.fromisoformat(f"{date}T00:00:00+00:00").timestamp() * 1000)


def ids(orders: Iterable[Purchase]) -> list[int]:
    """Their ids."""
    return [order["order_id"] for order in orders]


def order_id(record: Record) -> Any:
    """The id of the order in the record; a question mark where there is none."""
    found = content(record)
    return found.get("order_id", "?") if isinstance(found, dict) else "?"


def sales_by_month(orders: Iterable[Purchase]) -> dict[str, float]:
    """What they come to in each month, oldest first."""
    sales: dict[str, float] = defaultdict(float)
    for order in orders:
        sales[order["date"][:7]] += order["dollars"]
    return {month: round(dollars, 2) for month, dollars in sorted(sales.items())}
