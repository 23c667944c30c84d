"""Questions of the tests' own, and a place to which answers go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from learnkafka.questions import recording, texts
from learnkafka.questions.question import Choice, Question

Answers = list[tuple[str, int, bool]]


@pytest.fixture
def question() -> Question:
    """One with markup, and with what looks like HTML."""
    return Question(
        "99-markup",
        "Does `send()` *wait*, <b>really</b>?",
        (
            Choice("No & `a < b`", "It returns at *once*."),
            Choice("Yes <script>alert(1)</script>", "`get()` does, <img src=x onerror=alert(1)>."),
            Choice('"Sometimes"', "When `buffer.memory` is full."),
        ),
        right=2,
    )


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """What is recorded during the test."""
    recorded: Answers = []
    monkeypatch.setattr(recording, "record", lambda *answer: recorded.append(answer))
    return recorded


@pytest.fixture
def own_texts(question: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions that don't change when those of the lessons do: two to predict, and two on lesson 99."""
    another = replace(question, id="99-another")
    monkeypatch.setattr(texts, "PREDICTIONS", (question, another))
    monkeypatch.setattr(texts, "RECALL", {"99": (another, question)})
