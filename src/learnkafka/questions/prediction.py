"""A question before a run: what will happen? The answer is the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from learnkafka.markup import as_html
from learnkafka.questions import recording, texts
from learnkafka.questions.explanation import Explanation
from learnkafka.questions.static import HOW_TO_CHOOSE, question_html, question_text

if TYPE_CHECKING:
    from learnkafka.questions.question import Question
    from learnkafka.questions.widget import QuestionWidget

_last: dict[str, Prediction] = {}


def predict(question_id: str) -> Prediction:
    """Ask what the next cell will do; `explain()` of what this returns tells, and shows what was chosen.

    Run again before it is explained, it is the same prediction with the choice made: Shift+Enter with the focus in
    the question runs the question's own cell. Raises CourseError when there is no such question.
    """
    prediction = _last.get(question_id) if isinstance(question_id, str) else None
    if prediction is None or prediction.locked:
        prediction = _last[question_id] = Prediction(texts.prediction(question_id))
    return prediction


class Prediction:
    """A question as shown by a cell, and what was chosen there."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.chosen: int | None = None
        self.locked = False
        self._widget: QuestionWidget | None = None

    def choose(self, choice: int) -> None:
        """Note a choice, by its place from 0; not one that isn't there, and none after the explanation."""
        if self.locked or choice not in range(len(self.question.choices)):
            return
        self.chosen = choice
        if self._widget:
            self._widget.chosen = [choice]
        recording.record(self.question.id, choice, choice == self.question.right)

    def explain(self) -> Explanation:
        """Tell which choice came true and why the others are tempting; from now on the choice stands."""
        self.locked = True
        if self._widget:
            self._widget.locked = True
        return Explanation(self.question, self.chosen)

    def __repr__(self) -> str:
        return f"{question_text(self.question)}\n{HOW_TO_CHOOSE}"

    def _html(self) -> str:
        return f"{question_html(self.question)}<p><em>{HOW_TO_CHOOSE}</em></p>\n"

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        if self._widget is None:
            self._widget = self._new_widget()
        return self._widget.bundle(self._html(), repr(self))

    def _new_widget(self) -> QuestionWidget:
        from learnkafka.questions.widget import QuestionWidget, SentQuestion

        # Neither the right choice nor the reasons: whoever looks into the page finds no answer there.
        sent: SentQuestion = {
            "prompt": as_html(self.question.prompt),
            "choices": [{"text": as_html(choice.text)} for choice in self.question.choices],
        }
        widget = QuestionWidget([sent], [self.chosen], lambda _, choice: self.choose(choice))
        widget.locked = self.locked
        return widget
