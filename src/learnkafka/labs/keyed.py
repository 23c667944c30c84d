"""Customers as keys: where kafka-python sends them, some who have enough orders for a check, and a process that hashes otherwise."""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from random import Random

from learnkafka.purchases import Purchase, purchases

EACH = 6
"""Orders of each customer that a check takes."""


def hash_of(customer: str) -> int:
    """kafka-python's hash of this key, its sign bit included."""
    from kafka.partitioner import murmur2

    return int(murmur2(customer.encode()))


def partition_of(customer: str, partitions: int) -> int:
    """Where the default partitioner of kafka-python, and that of Java's client, sends this key."""
    return (hash_of(customer) & 0x7FFFFFFF) % partitions


def shuffled_customers(random: Random) -> list[str]:
    """Every customer with enough orders, in an order that differs each time."""
    counts = Counter(order["customer"] for order in purchases())
    customers = sorted(customer for customer, count in counts.items() if count >= EACH)
    random.shuffle(customers)
    return customers


def some_customers(random: Random, count: int, partitions: int) -> list[str]:
    """Some of them, whose keys lead to more than one partition."""
    first, *others = shuffled_customers(random)
    second = next(one for one in others if partition_of(one, partitions) != partition_of(first, partitions))
    return [first, second, *[one for one in others if one != second][: count - 2]]


def orders_of(customers: Collection[str]) -> list[Purchase]:
    """As many orders of each customer, oldest first: so they are mixed."""
    taken: Counter[str] = Counter()
    orders = []
    for order in purchases():
        if order["customer"] in customers and taken[order["customer"]] < EACH:
            taken[order["customer"]] += 1
            orders.append(order)
    return orders


@contextmanager
def as_in_another_process(function: object) -> Iterator[list[object]]:
    """In the block, `hash()` gives the function's notebook other numbers for texts and bytes, as it does in each new process.

    Never the same remainder as before. The list has what it was asked for.
    """
    names, asked = getattr(function, "__globals__", {}), list[object]()
    if "hash" in names:  # one of their own
        yield asked
        return

    def salted(thing: object) -> int:
        if isinstance(thing, int | float):
            return builtins.hash(thing)
        asked.append(thing)
        return builtins.hash(thing) + 1

    names["hash"] = salted
    try:
        yield asked
    finally:
        names.pop("hash", None)
