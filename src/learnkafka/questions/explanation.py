"""What became of a prediction."""

from __future__ import annotations

from dataclasses import dataclass

from learnkafka.markup import as_html, as_text
from learnkafka.questions.question import Question, letter
from learnkafka.questions.static import choices_html

NONE_MADE = "You made no prediction."


@dataclass(frozen=True, repr=False)
class Explanation:
    """Each choice with what speaks for or against it, which one came true, and which the learner had chosen."""

    question: Question
    chosen: int | None

    def _remark(self, place: int) -> str:
        remarks = []
        if place == self.question.right:
            remarks.append("what happened")
        if place == self.chosen:
            remarks.append("your prediction")
        return ", ".join(remarks)

    def __repr__(self) -> str:
        lines = [as_text(self.question.prompt)]
        for place, choice in enumerate(self.question.choices):
            remark = self._remark(place)
            lines.append(f"  {letter(place)}. {as_text(choice.text)}" + (f" ({remark})" if remark else ""))
            lines.append(f"     {as_text(choice.why)}")
        return "\n".join([*lines, *([NONE_MADE] if self.chosen is None else [])])

    def _repr_html_(self) -> str:
        lines = []
        for place, choice in enumerate(self.question.choices):
            remark = self._remark(place)
            marked = f" <strong>({remark})</strong>" if remark else ""
            lines.append(f"{as_html(choice.text)}{marked}<br>{as_html(choice.why)}")
        none_made = f"<p>{NONE_MADE}</p>\n" if self.chosen is None else ""
        return f"<p>{as_html(self.question.prompt)}</p>\n{choices_html(lines)}{none_made}"
