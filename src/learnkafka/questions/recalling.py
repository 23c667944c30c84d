"""Questions on an earlier lesson, each answered as soon as one has chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from learnkafka.markup import as_html
from learnkafka.questions import recording, texts
from learnkafka.questions.question import Question, letter
from learnkafka.questions.static import HOW_TO_CHOOSE, question_html, question_text

if TYPE_CHECKING:
    from learnkafka.questions.widget import QuestionWidget, SentQuestion


def recall(lesson: str) -> Recall:
    """Ask what was in a lesson: `recall("00")`. Raises CourseError when there are no questions on it."""
    return Recall(texts.recall(lesson))


class Recall:
    """Some questions as shown by a cell, and what was chosen first in each."""

    def __init__(self, questions: tuple[Question, ...]) -> None:
        self.questions = questions
        self.chosen: list[int | None] = [None] * len(questions)
        self._widget: QuestionWidget | None = None

    def choose(self, place: int, choice: int) -> None:
        """Note the choice in one of the questions; only the first in each, and not one that isn't there."""
        if place not in range(len(self.questions)) or self.chosen[place] is not None:
            return
        question = self.questions[place]
        if choice not in range(len(question.choices)):
            return
        self.chosen[place] = choice
        if self._widget:
            self._widget.chosen = list(self.chosen)
        recording.record(question.id, choice, choice == question.right)

    def __repr__(self) -> str:
        asked = [question_text(question, f"{number}. ") for number, question in enumerate(self.questions, start=1)]
        answers = [f"{number} {letter(question.right)}" for number, question in enumerate(self.questions, start=1)]
        return "\n".join([*asked, HOW_TO_CHOOSE, f"Answers: {', '.join(answers)}"])

    def _html(self) -> str:
        asked = "".join(f"<li>{question_html(question)}</li>\n" for question in self.questions)
        answers = ""
        for question in self.questions:
            right = question.choices[question.right]
            answers += f"<li>{letter(question.right)}: {as_html(right.text)}<br>{as_html(right.why)}</li>\n"
        return (
            f"<ol>\n{asked}</ol>\n<p><em>{HOW_TO_CHOOSE}</em></p>\n"
            f"<details><summary>Answers</summary>\n<ol>\n{answers}</ol>\n</details>\n"
        )

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        if self._widget is None:
            from learnkafka.questions.widget import QuestionWidget

            self._widget = QuestionWidget([_sent(question) for question in self.questions], self.chosen, self.choose)
        return self._widget.bundle(self._html(), repr(self))


def _sent(question: Question) -> SentQuestion:
    """With the answer: it is shown without asking Python, which may be busy."""
    return {
        "prompt": as_html(question.prompt),
        "choices": [{"text": as_html(choice.text), "why": as_html(choice.why)} for choice in question.choices],
        "right": question.right,
    }
