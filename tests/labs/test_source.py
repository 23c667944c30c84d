"""What a function's source says of it."""

from __future__ import annotations

from typing import Any

import pytest
from kafka import KafkaProducer

from learnkafka.labs.source import gap, leaves_producer_open, mentions, never_waits


def never_closes(topic: str) -> None:
    producer = KafkaProducer()
    producer.send(topic, b"1").get(timeout=30)
    producer.flush()


def closes(topic: str) -> None:
    producer = KafkaProducer()
    try:
        producer.send(topic, b"1")
    finally:
        producer.close()


def closes_with(topic: str) -> None:
    with KafkaProducer() as producer:
        producer.send(topic, b"1")


def closes_later(topic: str) -> None:
    producer = KafkaProducer()
    with producer:
        producer.send(topic, b"1")


def hands_it_on(topic: str) -> Any:
    producer = KafkaProducer()
    producer.send(topic, b"1")
    return producer


def keeps_it(topic: str) -> None:
    global _kept
    _kept = KafkaProducer()
    _kept.send(topic, b"1")


def only_sends(topic: str) -> None:
    producer = KafkaProducer()
    for value in (b"1", b"2"):
        producer.send(topic, value)


def is_given_one(producer: KafkaProducer) -> None:
    producer.send("orders", b"1")


@pytest.mark.parametrize(
    "function", [closes, closes_with, closes_later, hands_it_on, keeps_it, is_given_one, len, object(), None]
)
def test_a_producer_that_somebody_closes(function: object) -> None:
    """Or may close: in doubt nothing is said."""
    assert not leaves_producer_open(function)


def test_a_producer_that_nobody_closes() -> None:
    """It has a name in the function, and the name isn't used for it."""
    assert leaves_producer_open(never_closes)


@pytest.mark.parametrize("function", [never_closes, closes, closes_with, hands_it_on, keeps_it, len, object(), None])
def test_one_that_waits(function: object) -> None:
    """Or may wait, or let somebody else do it."""
    assert not never_waits(function)


def test_one_that_never_waits() -> None:
    """It sends, and that is all."""
    assert never_waits(only_sends)


def test_what_has_no_source() -> None:
    """There, nothing is known of it, and calling it will tell."""
    never_closes.__dict__["__wrapped__"] = never_closes
    for function in (len, object(), never_closes):
        assert gap(function) is None
        assert mentions(function, "earliest")
    del never_closes.__dict__["__wrapped__"]
