"""A topic of the kind that is compacted, as checks fill it: customers as keys, what they have spent as values, and deletion markers."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from learnkafka.labs.keyed import partition_of, shuffled_customers

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene

PARTITIONS = 3

Sent = list[tuple[int, bytes, bytes | None]]
"""Partition, key and value of each record; a deletion marker has no value."""

_TEN_YEARS = 3650 * 24 * 60 * 60 * 1000


def customers_with_totals(scene: Scene, shift: int = 0) -> tuple[str, Sent]:
    """A topic that no compaction has touched, since all of it is in the active segment, and its records.

    Some keys have several records, two end with a marker, and one has come back after its marker.
    With a `shift` each key is so many partitions on from where kafka-python would put it, as by another client.
    """
    topic = scene.topic("totals", partitions=PARTITIONS, cleanup_policy="compact", segment_ms=_TEN_YEARS)
    while True:
        records = _mixed(scene.random, shift)
        alive = [key for key, value in last_of_each(records).items() if value is not None]
        first = [key for key in dict.fromkeys(key for _, key, _ in records) if key in alive]
        where = {key: partition for partition, key, _ in records}
        if sorted(first, key=where.__getitem__) != sorted(alive, key=where.__getitem__):
            break  # in some partition keys come first in another order than last
    scene.send(topic, ((partition, key, value, None) for partition, key, value in records))
    return topic, records


def _mixed(random: Random, shift: int) -> Sent:
    lives = ["vvv", "vv", "v", "vv-", "v-", "v-v", *("v" * random.randint(0, 2))]
    names = shuffled_customers(random)[: len(lives)]
    places = [name for name, life in zip(names, lives, strict=True) for _ in life]
    random.shuffle(places)
    steps = {name: iter(life) for name, life in zip(names, lives, strict=True)}
    spent = dict.fromkeys(names, 0)
    records: Sent = []
    for name in places:
        spent[name] += random.randint(500, 9900)
        value = f"{spent[name] / 100:.2f}".encode() if next(steps[name]) == "v" else None
        records.append(((partition_of(name, PARTITIONS) + shift) % PARTITIONS, name.encode(), value))
    return records


def last_of_each(records: Sent) -> dict[bytes, bytes | None]:
    """The newest value of each key, in the order of the newest records."""
    last: dict[bytes, bytes | None] = {}
    for _, key, value in records:
        last.pop(key, None)
        last[key] = value
    return last
