"""All questions, by lesson: `PREDICTIONS` are asked in the lesson itself, `RECALL` at the start of the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from learnkafka.errors import CourseError
from learnkafka.questions.texts import (
    lesson_00,
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
    lesson_09,
    lesson_10,
    lesson_11,
)

if TYPE_CHECKING:
    from learnkafka.questions.question import Question

PREDICTIONS: tuple[Question, ...] = (
    *lesson_00.PREDICTIONS,
    *lesson_01.PREDICTIONS,
    *lesson_02.PREDICTIONS,
    *lesson_03.PREDICTIONS,
    *lesson_04.PREDICTIONS,
    *lesson_05.PREDICTIONS,
    *lesson_06.PREDICTIONS,
    *lesson_07.PREDICTIONS,
    *lesson_08.PREDICTIONS,
    *lesson_09.PREDICTIONS,
    *lesson_10.PREDICTIONS,
    *lesson_11.PREDICTIONS,
)
RECALL: dict[str, tuple[Question, ...]] = {
    "00": lesson_00.RECALL,
    "01": lesson_01.RECALL,
    "02": lesson_02.RECALL,
    "03": lesson_03.RECALL,
    "04": lesson_04.RECALL,
    "05": lesson_05.RECALL,
    "06": lesson_06.RECALL,
    "07": lesson_07.RECALL,
    "08": lesson_08.RECALL,
    "09": lesson_09.RECALL,
    "10": lesson_10.RECALL,
    "11": lesson_11.RECALL,
}


def prediction(question_id: str) -> Question:
    """The question to predict that has this id; CourseError when none has."""
    for question in PREDICTIONS:
        if question.id == question_id:
            return question
    known = ", ".join(repr(question.id) for question in PREDICTIONS)
    raise CourseError(f"There is no question {question_id!r} to predict; there are {known}.")


def recall(lesson: str) -> tuple[Question, ...]:
    """The questions on this lesson; CourseError when there are none."""
    for name, questions in RECALL.items():
        if name == lesson:
            return questions
    raise CourseError(f"There are no questions on lesson {lesson!r}; there are on {', '.join(map(repr, RECALL))}.")
