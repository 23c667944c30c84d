"""A question without a widget: for pages that are only read, for terminals, and for nbval, which compares it."""

from __future__ import annotations

from collections.abc import Iterable

from learnkafka.markup import as_html, as_text
from learnkafka.questions.question import Question, letter

HOW_TO_CHOOSE = "Run this cell in JupyterLab to choose."


def choices_html(lines: Iterable[str]) -> str:
    """A list of what is said of each choice, lettered. Letters are text, since JupyterLab numbers every `<ol>`."""
    items = "".join(
        f'<li style="margin-bottom: .4em">{letter(place)}. {line}</li>\n' for place, line in enumerate(lines)
    )
    return f'<ul style="list-style: none">\n{items}</ul>\n'


def question_html(question: Question) -> str:
    """The prompt and the choices."""
    return f"<p>{as_html(question.prompt)}</p>\n" + choices_html(as_html(choice.text) for choice in question.choices)


def question_text(question: Question, number: str = "") -> str:
    """The same as lines; a number goes before the prompt."""
    choices = [f"  {letter(place)}. {as_text(choice.text)}" for place, choice in enumerate(question.choices)]
    return "\n".join([number + as_text(question.prompt), *choices])
