"""The questions of every lesson, as far as a machine can tell good ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from learnkafka.errors import CourseError
from learnkafka.markup import as_text
from learnkafka.questions import texts

if TYPE_CHECKING:
    from learnkafka.questions.question import Question

EVERY = [*texts.PREDICTIONS, *(question for questions in texts.RECALL.values() for question in questions)]

each_question = pytest.mark.parametrize("question", EVERY, ids=lambda question: question.id)


def test_every_module_of_texts_is_asked_from() -> None:
    """A lesson's module that nobody imports would be silent."""
    assert texts.__file__
    modules = sorted(path.stem for path in Path(texts.__file__).parent.glob("lesson_*.py"))
    assert [f"lesson_{lesson}" for lesson in texts.RECALL] == modules
    assert all(questions for questions in texts.RECALL.values())


def test_ids_are_unique_and_begin_with_their_lesson() -> None:
    """An id is what a choice is recorded under."""
    ids = [question.id for question in EVERY]
    assert len(ids) == len(set(ids))
    assert {question.id[:3] for question in texts.PREDICTIONS} <= {f"{lesson}-" for lesson in texts.RECALL}
    for lesson, questions in texts.RECALL.items():
        assert all(question.id.startswith(f"{lesson}-") for question in questions)


@each_question
def test_a_question_is_whole(question: Question) -> None:
    """A prompt that asks, three choices or more which differ, a reason for each, one of them right."""
    assert as_text(question.prompt).endswith("?")
    assert len(question.choices) >= 3
    assert len({choice.text for choice in question.choices}) == len(question.choices)
    assert all(choice.text.strip() and choice.why.strip() for choice in question.choices)
    assert question.right in range(len(question.choices))
    assert "\n" not in "".join([question.prompt, *(choice.text + choice.why for choice in question.choices)])


def test_not_always_the_same_letter_is_right() -> None:
    """Whoever always takes b learns nothing."""
    assert len({question.right for question in EVERY}) >= 3


@pytest.mark.parametrize("unknown", ["01-biling-down", "", "01", None, ["01-billing-down"]])
def test_an_unknown_prediction_names_those_that_there_are(unknown: str) -> None:
    """One sentence with what was asked for and what there is."""
    with pytest.raises(CourseError) as error:
        texts.prediction(unknown)
    assert repr(unknown) in str(error.value)
    assert all(repr(question.id) in str(error.value) for question in texts.PREDICTIONS)


@pytest.mark.parametrize("unknown", ["99", "0", 0, None, ["00"]])
def test_an_unknown_lesson_names_those_that_there_are(unknown: str) -> None:
    """One sentence with what was asked for and what there is."""
    with pytest.raises(CourseError) as error:
        texts.recall(unknown)
    assert repr(unknown) in str(error.value)
    assert all(repr(lesson) in str(error.value) for lesson in texts.RECALL)
