"""What cards show of values and errors, whatever these are."""

from __future__ import annotations

from typing import Any

import pytest
from kafka.errors import InvalidReplicationFactorError, KafkaError, KafkaTimeoutError

from learnkafka.labs.card import Paragraph
from learnkafka.labs.comparing import same, same_amounts
from learnkafka.labs.showing import said, shown


class OddError(Exception):
    def __str__(self) -> str:
        raise ValueError("no")


class Table:
    """As pandas shows one."""

    def __repr__(self) -> str:
        return "   a  b\n0  1  2"


ANSWER = (
    "Request 'CreateTopicsRequest(version=7, topics=[CreatableTopic(name='x')])' failed with response "
    "'CreateTopicsResponse(topics=[CreatableTopicResult(name='x', error_code=38, error_message={}, num_partitions=-1)])'."
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no\nand more"), "ValueError: no"),
        (ValueError(), "ValueError"),
        (KeyError("id"), "KeyError: 'id'"),
        (ValueError("x" * 200), f"ValueError: {'x' * 160}…"),
        (OddError(), "OddError"),
        (
            InvalidReplicationFactorError(ANSWER.format(repr("It can't be reached."))),
            "InvalidReplicationFactorError: It can't be reached",
        ),
        (
            InvalidReplicationFactorError(ANSWER.format(repr('It can\'t be "reached".'))),
            'InvalidReplicationFactorError: It can\'t be "reached"',
        ),
        (KafkaError(ANSWER.format(None)), "KafkaError: Request 'CreateTopicsRequest(version=7, "),
        (KafkaTimeoutError("nothing came"), "KafkaTimeoutError: nothing came"),
        (KafkaTimeoutError(), "KafkaTimeoutError"),
    ],
)
def test_errors(error: BaseException, words: str) -> None:
    """The class once, and the words that say what is wrong; of a long answer from Kafka, Kafka's own."""
    assert said(error).startswith(words) if "Request" in words else said(error) == words


def test_values(odd: object) -> None:
    """On one line, and never an error."""
    assert shown([1, "a b  c"]) == "[1, 'a b  c']"
    assert shown(Table()) == "a  b 0  1  2"
    assert "Odd" in shown(odd)
    assert "Odd" in shown([odd])
    assert "Odd" in shown({"a": odd})
    assert shown(10**5000) == "<int, which can't be shown>"
    endless: list[Any] = []
    endless.append(endless)
    assert len(shown(endless)) < 100


def test_half_a_character() -> None:
    """JSON may hold one, and the browser's message mayn't."""
    paragraph = Paragraph("Observed", "\ud83c")
    assert paragraph.as_text() == "Observed: \\ud83c"
    assert "\\ud83c" in paragraph.as_html()


def test_comparing(odd: object) -> None:
    """What can't be compared isn't the same, and what can is as Python has it."""
    assert same([1, 2], [1, 2])
    assert same(2.0, 2)
    assert not same((1, 2), [1, 2])
    assert not same(odd, 1)
    assert not same([odd], [1])
    assert not same({"a": odd}, {"a": 1})
    assert same_amounts({"1997-01": 41.501}, {"1997-01": 41.5})
    for report in (None, [], {}, {"1997-02": 41.5}):
        assert not same_amounts(report, {"1997-01": 41.5})
    for amount in (None, odd, "41.5", [41.5], float("nan"), float("inf"), 10**400, 41.51):
        assert not same_amounts({"1997-01": amount}, {"1997-01": 41.5})
