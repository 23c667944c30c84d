"""Questions on an earlier lesson: with the answers, which are shown at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from learnkafka.errors import CourseError
from learnkafka.questions import recall
from learnkafka.questions.recalling import Recall

if TYPE_CHECKING:
    from learnkafka.questions.question import Question
    from learnkafka.questions.widget import QuestionWidget

VIEW = "application/vnd.jupyter.widget-view+json"


def shown(one: Recall) -> tuple[dict[str, Any], QuestionWidget]:
    """What a cell shows of it, and the widget that it made for that."""
    bundle, _ = one._repr_mimebundle_()
    assert one._widget
    return bundle, one._widget


@pytest.fixture
def two(question: Question) -> Recall:
    """The same question twice."""
    return Recall((question, question))


def test_as_text(two: Recall) -> None:
    """Numbered questions, lettered choices, and the answers in the last line."""
    lines = repr(two).splitlines()
    assert lines[0] == "1. Does `send()` wait, <b>really</b>?"
    assert lines[4] == "2. Does `send()` wait, <b>really</b>?"
    assert lines[-2:] == ["Run this cell in JupyterLab to choose.", "Answers: 1 c, 2 c"]


def test_as_html(two: Recall) -> None:
    """The answers, with their reasons, are folded away; tags are text."""
    html = shown(two)[0]["text/html"]
    questions, answers = html.split("<details><summary>Answers</summary>\n")
    assert "buffer.memory" not in questions
    assert answers.count("<li>c: &quot;Sometimes&quot;<br>When <code>buffer.memory</code> is full.</li>") == 2
    assert answers.endswith("</details>\n")
    assert "<script" not in html


def test_static_forms_are_the_same_on_every_run_whatever_is_chosen(question: Question, two: Recall) -> None:
    """Only the view's id differs."""
    other = Recall((question, question))
    other.choose(0, 1)
    ours, theirs = shown(two)[0], shown(other)[0]
    assert set(ours) == {VIEW, "text/html", "text/plain"}
    assert ours.pop(VIEW) != theirs.pop(VIEW)
    assert ours == theirs


def test_the_first_choice_counts(two: Recall, answers: list[object]) -> None:
    """One may try again, for oneself."""
    _, widget = shown(two)
    for question, choice in ((1, 0), (1, 2), (0, 2)):
        widget._handle_custom_msg({"question": question, "choice": choice}, [])
    assert answers == [("99-markup", 0, False), ("99-markup", 2, True)]
    assert two.chosen == widget.chosen == [2, 0]


@pytest.mark.parametrize(
    "message", [{"question": 2, "choice": 0}, {"question": -1, "choice": 0}, {"question": 0, "choice": 3}]
)
def test_a_choice_that_isnt_there(two: Recall, answers: list[object], message: dict[str, int]) -> None:
    """It is no choice."""
    shown(two)[1]._handle_custom_msg(message, [])
    assert (two.chosen, answers) == ([None, None], [])


def test_the_browser_can_answer_without_python(two: Recall) -> None:
    """It has the right choice and the reasons, escaped."""
    sent = shown(two)[1].get_state()["questions"]
    assert [question["right"] for question in sent] == [2, 2]
    assert sent[0]["choices"][1]["why"] == "<code>get()</code> does, &lt;img src=x onerror=alert(1)&gt;."


@pytest.mark.usefixtures("own_texts")
def test_an_unknown_lesson() -> None:
    """One sentence that names what there is."""
    with pytest.raises(CourseError, match="'99'"):
        recall("77")
