"""The questions of a lesson in JupyterLab: with the mouse, with the keyboard, in light and dark."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

Run = Callable[..., None]
Cell = Callable[[int], Locator]
Radio = Callable[[int, str], Locator]

# Texts of the test's own: those of the lessons may change.
TEXTS = """
from learnkafka.questions import texts
from learnkafka.questions.question import Choice, Question

PREDICTED = (
    Choice("The order is accepted; billing catches up.", "Nobody has a note of what billing missed."),
    Choice("The order fails.", "Each service waits for the next one's answer."),
    Choice("The order is accepted without an invoice.", "`inventory` calls billing, and fails as well."),
)
OFFSET = (
    Choice("The time at which a record was stored.", "A record has a time, too; that is its *timestamp*."),
    Choice("A record's place in its topic.", "Places are counted from 0."),
    Choice("The size of a record in bytes.", "It counts records, not bytes."),
)
VALUE = (
    Choice("JSON text.", "We wrote JSON, and we read it. Kafka did neither."),
    Choice("A Python object.", "`json.dumps(…).encode()` made bytes of it before it was sent."),
    Choice("Bytes.", "What they mean is between those who write and those who read."),
)
PROMPT = "Billing goes down after the second order. What do customers see from the third order on, if nobody mends it?"
texts.PREDICTIONS = (Question("99-billing-down", PROMPT, PREDICTED, right=1),)
texts.RECALL = {
    "99": (
        Question("99-recall-offset", "What is an *offset*?", OFFSET, right=1),
        Question("99-recall-value", "What is a record's value to Kafka?", VALUE, right=2),
    )
}
"""
CELLS = [
    "import texts_of_a_test\nfrom learnkafka.questions import predict, recall\n\n"
    'prediction = predict("99-billing-down")\nprediction',
    'print("the run")',
    "prediction.explain()",
    'recalled = recall("99")\nrecalled',
    'print("chosen:", prediction.chosen, recalled.chosen)',
]
PREDICT, RUN, EXPLAIN, RECALL, CHOSEN = range(1, 6)
CHOICES = [
    "The order is accepted; billing catches up.",
    "The order fails.",
    "The order is accepted without an invoice.",
]


@pytest.fixture
def notebooks(one_notebook: Callable[..., Path]) -> Path:
    """Both kinds of question."""
    directory = one_notebook("Questions", CELLS)
    (directory / "texts_of_a_test.py").write_text(TEXTS, encoding="utf-8")
    return directory


@pytest.fixture
def radio(cell: Cell) -> Radio:
    """`radio(number, choice)`: the button of the choice that has this text."""
    return lambda number, choice: cell(number).get_by_role("radio", name=choice)


@pytest.fixture
def status(cell: Cell) -> Cell:
    """`status(number)`: the line below the choices, which is read out; of the first question in a cell."""
    return lambda number: cell(number).locator(".lk-question [aria-live=polite]").first


def focused(page: Page) -> str:
    """What a keyboard would act on: the label of a radio button, or nothing of ours."""
    return str(page.evaluate("document.activeElement.closest('label')?.innerText ?? ''"))


def photograph(page: Page, name: str) -> None:
    """Keep a picture, where the environment says where."""
    if folder := os.environ.get("LEARNKAFKA_PICTURES"):
        page.screenshot(path=Path(folder) / f"questions-{name}.png")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_with_the_mouse(page: Page, cell: Cell, run: Run, radio: Radio, status: Cell, theme: str) -> None:
    """Choose, think again, run, read the explanation, which shows the choice; then it can't be changed."""
    if theme == "dark":
        page.locator(".lm-MenuBar-itemLabel", has_text="Settings").click()
        page.locator(".lm-Menu-itemLabel", has_text="Theme").first.hover()
        page.locator(".lm-Menu-itemLabel", has_text="JupyterLab Dark").first.click()
    expect(page.locator("body")).to_have_attribute("data-jp-theme-light", str(theme == "light").lower())
    run(PREDICT)
    question = cell(PREDICT).get_by_role("group", name="Billing goes down after the second order.")
    expect(question.get_by_role("radio")).to_have_count(3)
    expect(status(PREDICT)).to_have_text("Choose one, then run the next cell.")

    page.get_by_text(CHOICES[1]).click()
    expect(status(PREDICT)).to_have_text("Recorded. Now run the next cell.")
    radio(PREDICT, CHOICES[2]).click()
    expect(radio(PREDICT, CHOICES[2])).to_be_checked()
    expect(status(PREDICT)).to_have_text("Recorded. Now run the next cell.")
    photograph(page, f"{theme}-chosen")

    run(RUN, EXPLAIN)
    explained = cell(EXPLAIN).locator(".jp-OutputArea-output")
    expect(explained.locator("li").nth(1)).to_contain_text("b. The order fails. (what happened)")
    expect(explained.locator("li").nth(2)).to_contain_text("without an invoice. (your prediction)")
    for choice in CHOICES:
        expect(radio(PREDICT, choice)).to_be_disabled()
    expect(radio(PREDICT, CHOICES[2])).to_be_checked()
    expect(status(PREDICT)).to_have_text("The answer is out, so this stays as it is.")
    page.get_by_text(CHOICES[0]).first.click(force=True)
    expect(radio(PREDICT, CHOICES[2])).to_be_checked()

    run(RECALL)
    radio(RECALL, "A record's place").click()
    radio(RECALL, "JSON text.").click()
    photograph(page, f"{theme}-explained")
    run(CHOSEN)
    expect(cell(CHOSEN).locator(".jp-OutputArea-output")).to_have_text("chosen: 2 [1, 0]\n")


def test_with_the_keyboard_alone(page: Page, cell: Cell, run: Run, radio: Radio, status: Cell) -> None:
    """Tab to the question, arrow keys and space choose; JupyterLab's commands on these keys stay away."""
    run(PREDICT)
    expect(cell(PREDICT).locator("label").first).to_be_visible()
    page.keyboard.press("Shift+Tab")
    assert focused(page) == f"c.\n{CHOICES[2]}"
    page.keyboard.press("Space")
    expect(radio(PREDICT, CHOICES[2])).to_be_checked()
    for key, choice in (("ArrowDown", 0), ("ArrowRight", 1), ("ArrowUp", 0), ("ArrowLeft", 2), ("ArrowUp", 1)):
        page.keyboard.press(key)
        expect(radio(PREDICT, CHOICES[choice])).to_be_checked()
        expect(radio(PREDICT, CHOICES[choice])).to_be_focused()
    for key in ("a", "b", "x", "d", "d", "m", "Escape", "Enter"):
        page.keyboard.press(key)
    expect(radio(PREDICT, CHOICES[1])).to_be_focused()
    expect(page.locator(".jp-Notebook .jp-Cell")).to_have_count(len(CELLS) + 1)
    photograph(page, "keyboard")

    # Shift+Enter runs the question's own cell, which keeps the choice, and goes on to the next.
    page.keyboard.press("Shift+Enter")
    expect(cell(PREDICT).locator(".jp-InputPrompt")).to_have_text("[2]:")
    expect(radio(PREDICT, CHOICES[1])).to_be_checked()
    expect(status(PREDICT)).to_have_text("Recorded. Now run the next cell.")
    for _ in (RUN, EXPLAIN):
        page.keyboard.press("Shift+Enter")
    expect(cell(EXPLAIN).locator("li").nth(1)).to_contain_text("(what happened, your prediction)")


def test_a_recall_answers_at_once(page: Page, cell: Cell, run: Run, radio: Radio, status: Cell) -> None:
    """Also while Python is busy: whether it is right, and why. One may try again; the first choice is recorded."""
    run(PREDICT, RUN, EXPLAIN, RECALL)
    cell(CHOSEN).locator(".cm-content").fill(
        "import time\n\nuntil = time.monotonic() + 5\nwhile time.monotonic() < until:\n    pass"
    )
    page.keyboard.press("Shift+Enter")
    expect(cell(CHOSEN).locator(".jp-InputPrompt")).to_have_text("[*]:")
    radio(RECALL, "The time at which").click()
    expect(status(RECALL)).to_have_text("Not this one. A record has a time, too; that is its timestamp.")
    radio(RECALL, "A record's place").click()
    expect(status(RECALL)).to_have_text("Right. Places are counted from 0.")
    expect(cell(CHOSEN).locator(".jp-InputPrompt")).to_have_text("[*]:")
    expect(cell(CHOSEN).locator(".jp-InputPrompt")).to_have_text("[5]:", timeout=30_000)

    # With the keyboard an arrow only moves: else the choice that it passes would be the first.
    page.keyboard.press("Tab")
    assert focused(page) == "a.\nJSON text."
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "c.\nBytes."
    expect(cell(RECALL).locator("input:checked")).to_have_count(1)
    page.keyboard.press("Space")
    expect(cell(RECALL).get_by_text("Right.")).to_have_count(2)

    cell(CHOSEN).locator(".cm-content").fill("recalled.chosen")
    page.keyboard.press("Shift+Enter")
    expect(cell(CHOSEN).locator(".jp-OutputArea-output")).to_have_text("[0, 2]")


def test_what_was_not_recorded_is_not_said_to_be(page: Page, cell: Cell, run: Run, radio: Radio, status: Cell) -> None:
    """A choice while Python is busy waits; one that comes after the explanation is taken back."""
    run(PREDICT)
    cell(RUN).locator(".cm-content").fill("import time\n\ntime.sleep(4)")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    radio(PREDICT, CHOICES[0]).click()
    expect(status(PREDICT)).to_have_text("Not recorded yet. If Python isn't busy, run this cell again.")
    expect(status(PREDICT)).to_have_text("The answer is out. Run this cell again to choose.", timeout=30_000)
    expect(cell(PREDICT).locator("input:checked")).to_have_count(0)
    expect(cell(EXPLAIN).locator(".jp-OutputArea-output")).to_contain_text("You made no prediction.")
    run_again = cell(PREDICT).locator(".jp-InputPrompt")
    run_again.click()
    page.keyboard.press("Shift+Enter")
    expect(status(PREDICT)).to_have_text("Choose one, then run the next cell.")
    radio(PREDICT, CHOICES[0]).click()
    expect(status(PREDICT)).to_have_text("Recorded. Now run the next cell.")


def test_after_a_restart_of_the_kernel(page: Page, cell: Cell, run: Run, radio: Radio, status: Cell) -> None:
    """Python no longer knows the question: a choice says so, and a recall is still answered."""
    run(PREDICT, RUN, EXPLAIN, RECALL)
    run_again = cell(PREDICT).locator(".jp-InputPrompt")
    run_again.click()
    page.keyboard.press("Shift+Enter")
    expect(status(PREDICT)).to_have_text("Choose one, then run the next cell.")
    page.get_by_role("button", name="Restart the kernel", exact=True).click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    expect(run_again).to_have_text("[5]:")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    radio(PREDICT, CHOICES[0]).click()
    expect(status(PREDICT)).to_have_text("Not recorded. Run this cell again, and choose then.")
    radio(RECALL, "A record's place").click()
    expect(status(RECALL)).to_contain_text("Right.")


def test_two_views_of_one_question_are_apart_from_other_questions(
    page: Page, cell: Cell, run: Run, radio: Radio
) -> None:
    """No two groups of radio buttons in a page have a name in common, and nothing has an id."""
    cell(CHOSEN).locator(".cm-content").fill("prediction")
    run(PREDICT, RUN)
    cell(CHOSEN).locator(".jp-InputPrompt").click()
    page.keyboard.press("Shift+Enter")
    radio(PREDICT, CHOICES[0]).click()
    expect(radio(CHOSEN, CHOICES[0])).to_be_checked()
    expect(radio(PREDICT, CHOICES[0])).to_be_checked()
    names = page.locator(".lk-radio").evaluate_all("radios => radios.map(radio => radio.name)")
    assert len(set(names)) == 2
    assert page.locator(".lk-questions [id]").count() == 0


def test_with_forced_colours(page: Page, cell: Cell, run: Run) -> None:
    """Windows' high contrast: the focus and the border of a question are there."""
    page.emulate_media(forced_colors="active")
    run(PREDICT)
    label = cell(PREDICT).locator("label", has_text=CHOICES[2])
    expect(label).to_be_visible()
    page.keyboard.press("Shift+Tab")
    expect(label).to_have_css("outline-style", "solid")
    assert cell(PREDICT).locator("fieldset").evaluate("set => getComputedStyle(set).borderTopStyle") == "solid"
    photograph(page, "forced-colours")
