"""A prediction: what it shows, what it keeps to itself, and until when a choice can be made."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from learnkafka.errors import CourseError
from learnkafka.questions import predict, prediction
from learnkafka.questions.prediction import Prediction

if TYPE_CHECKING:
    from learnkafka.questions.question import Question

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def _nothing_predicted_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction, "_last", {})


def shown(one: Prediction) -> dict[str, Any]:
    """What a cell shows of it."""
    return one._repr_mimebundle_()[0]


def static(one: Prediction) -> dict[str, Any]:
    """What nbval compares of that."""
    return {kind: data for kind, data in shown(one).items() if kind != VIEW}


def test_as_text(question: Question) -> None:
    """The question, the lettered choices, and how to choose; code keeps its backticks."""
    assert repr(Prediction(question)) == (
        "Does `send()` wait, <b>really</b>?\n"
        "  a. No & `a < b`\n"
        "  b. Yes <script>alert(1)</script>\n"
        '  c. "Sometimes"\n'
        "Run this cell in JupyterLab to choose."
    )


def test_as_html(question: Question) -> None:
    """The same, with markup as markup and tags as text."""
    assert shown(Prediction(question))["text/html"] == (
        "<p>Does <code>send()</code> <em>wait</em>, &lt;b&gt;really&lt;/b&gt;?</p>\n"
        '<ul style="list-style: none">\n'
        '<li style="margin-bottom: .4em">a. No &amp; <code>a &lt; b</code></li>\n'
        '<li style="margin-bottom: .4em">b. Yes &lt;script&gt;alert(1)&lt;/script&gt;</li>\n'
        '<li style="margin-bottom: .4em">c. &quot;Sometimes&quot;</li>\n'
        "</ul>\n"
        "<p><em>Run this cell in JupyterLab to choose.</em></p>\n"
    )


def test_a_cell_shows_the_widget_and_static_forms(question: Question) -> None:
    """One bundle with the three of them; the text is that of print()."""
    bundle = shown(one := Prediction(question))
    assert set(bundle) == {VIEW, "text/html", "text/plain"}
    assert bundle["text/plain"] == repr(one)


def test_static_forms_are_the_same_on_every_run_whatever_is_chosen(question: Question) -> None:
    """Notebooks are compared strictly."""
    first, second = Prediction(question), Prediction(question)
    before = static(first)
    second.choose(1)
    assert static(second) == before
    second.explain()
    assert static(second) == before
    assert shown(first)[VIEW] != shown(second)[VIEW]


def test_the_browser_gets_no_answer(question: Question) -> None:
    """Neither which is right, nor a reason, also after the explanation, which is plain HTML of its own."""
    shown(one := Prediction(question))
    assert one._widget
    (sent,) = one._widget.get_state()["questions"]
    assert set(sent) == {"prompt", "choices"}
    assert [set(choice) for choice in sent["choices"]] == [{"text"}] * 3
    text = json.dumps({key: value for key, value in one._widget.get_state().items() if key not in {"_esm", "_css"}})
    assert "buffer.memory" not in text


def test_choices_reach_the_recorder_until_the_explanation(question: Question, answers: list[object]) -> None:
    """One may think again; after the explanation a choice counts no more, even one that was under way."""
    shown(one := Prediction(question))
    widget = one._widget
    assert widget
    for choice in (0, 2):
        widget._handle_custom_msg({"question": 0, "choice": choice}, [])
    assert answers == [("99-markup", 0, False), ("99-markup", 2, True)]
    assert (one.chosen, widget.chosen, widget.locked) == (2, [2], False)
    assert one.explain().chosen == 2
    widget._handle_custom_msg({"question": 0, "choice": 1}, [])
    assert (one.chosen, widget.chosen, widget.locked) == (2, [2], True)
    assert len(answers) == 2


@pytest.mark.parametrize(
    "message",
    [{}, {"choice": 1}, {"question": 0, "choice": 3}, {"question": 0, "choice": -1}, {"choice": "1"}, [], None],
)
def test_a_message_that_makes_no_sense_is_no_choice(question: Question, answers: list[object], message: Any) -> None:
    """What comes from a browser may be anything."""
    shown(one := Prediction(question))
    assert one._widget
    one._widget._handle_custom_msg(message, [])
    assert one.chosen is None
    assert answers == []


@pytest.mark.usefixtures("own_texts")
def test_a_cell_that_is_run_again_keeps_the_choice_until_it_is_explained() -> None:
    """After the explanation it asks anew."""
    first = predict("99-markup")
    first.choose(0)
    assert predict("99-markup") is first
    assert predict("99-another") is not first
    first.explain()
    assert predict("99-markup").chosen is None


def test_the_explanation_with_a_prediction(question: Question) -> None:
    """Each choice with its reason; what happened and what was predicted, in words."""
    one = Prediction(question)
    one.choose(0)
    explanation = one.explain()
    assert repr(explanation) == (
        "Does `send()` wait, <b>really</b>?\n"
        "  a. No & `a < b` (your prediction)\n"
        "     It returns at once.\n"
        "  b. Yes <script>alert(1)</script>\n"
        "     `get()` does, <img src=x onerror=alert(1)>.\n"
        '  c. "Sometimes" (what happened)\n'
        "     When `buffer.memory` is full."
    )
    html = explanation._repr_html_()
    assert ">a. No &amp; <code>a &lt; b</code> <strong>(your prediction)</strong><br>It returns at" in html
    assert ">c. &quot;Sometimes&quot; <strong>(what happened)</strong><br>When" in html
    assert "<script" not in html
    assert "<img" not in html
    assert "no prediction" not in html


def test_the_explanation_of_a_prediction_that_came_true(question: Question) -> None:
    """Both remarks at one choice."""
    one = Prediction(question)
    one.choose(2)
    assert '  c. "Sometimes" (what happened, your prediction)\n' in repr(one.explain())
    assert "<strong>(what happened, your prediction)</strong>" in one.explain()._repr_html_()


def test_the_explanation_without_a_prediction(question: Question) -> None:
    """It says so, in a line."""
    explanation = Prediction(question).explain()
    assert repr(explanation).endswith("\nYou made no prediction.")
    assert explanation._repr_html_().endswith("<p>You made no prediction.</p>\n")
    assert "your prediction" not in repr(explanation)


def test_an_explanation_stays_as_it_was_shown(question: Question) -> None:
    """It is explained once: what the cell shows later is the same."""
    one = Prediction(question)
    explanation = one.explain()
    one.choose(1)
    assert explanation.chosen is None
    assert one.explain() == explanation


@pytest.mark.usefixtures("own_texts")
def test_an_unknown_id() -> None:
    """One sentence, also for what can't be an id."""
    for unknown in ("99-marcup", ["99-markup"]):
        with pytest.raises(CourseError, match="99-markup"):
            predict(unknown)  # type: ignore[arg-type]


def test_a_script_needs_no_kernel_and_no_widget() -> None:
    """print() works in plain Python, and imports no widget library."""
    script = (
        "import sys\n"
        "from learnkafka.questions import predict, recall\n"
        "from learnkafka.questions import texts\n"
        "one = predict(texts.PREDICTIONS[0].id); print(one); print(one.explain()); print(recall('00'))\n"
        "assert 'anywidget' not in sys.modules and 'IPython' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "You made no prediction." in done.stdout
    assert done.stderr == ""
