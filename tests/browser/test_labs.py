"""Lab 01 in JupyterLab as a new learner works through it: untouched, wrong first, with hints, then right; and a cell that never ends."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

COURSE = Path(__file__).parents[2]
LAB = "01-why-publish-subscribe.ipynb"

WITHOUT_GROUP = """def catch_up(topic, group):
    with KafkaConsumer(topic, **connect, auto_offset_reset="earliest") as consumer:
        return [json.loads(record.value)["order_id"] for record in unread(consumer)]"""
RIGHT = WITHOUT_GROUP.replace("auto_offset_reset", "group_id=group, auto_offset_reset")
RAISES = WITHOUT_GROUP.replace("order_id", "id")
ENDLESS = "while True:\n    pass"


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    """The lab, in the directory of the labs."""
    copy = tmp_path / "labs" / LAB
    copy.parent.mkdir()
    nbformat.write(nbformat.read(COURSE / "labs" / LAB, as_version=4), copy)
    return copy


class Notebook:
    """The lab's cells by what they are for."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self._cells = nbformat.read(path, as_version=4).cells

    def cell(self, grade_id: str) -> Locator:
        """The cell that nbgrader knows by this id."""
        ids = [one.metadata.get("nbgrader", {}).get("grade_id") for one in self._cells]
        return self.page.locator(f'.jp-Notebook .jp-Cell[data-windowed-list-index="{ids.index(grade_id)}"]')

    def show(self, grade_id: str) -> Locator:
        """Bring it into sight: the page draws only the cells that are."""
        place = 0
        while not self.cell(grade_id).is_visible():
            self.page.locator(".jp-WindowedPanel-outer").evaluate("(panel, top) => panel.scrollTo(0, top)", place)
            place += 300
            self.page.wait_for_timeout(100)
            assert place < 20_000, f"{grade_id} isn't in the notebook"
        self.cell(grade_id).scroll_into_view_if_needed()
        return self.cell(grade_id)

    def write(self, grade_id: str, code: str) -> None:
        """Put other code into the cell."""
        self.show(grade_id).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)

    def run(self, grade_id: str) -> Locator:
        """Run the cell, wait until it has ended, and give what it shows."""
        prompt = self.show(grade_id).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        prompt.click()
        self.page.keyboard.press("Control+Enter")
        expect(prompt).not_to_have_text(before, timeout=30_000)
        expect(prompt).not_to_have_text("[*]:", timeout=30_000)
        return self.cell(grade_id).locator(".jp-Cell-outputArea")

    def answer(self, code: str | None = None) -> Locator:
        """Exercise 2 answered with this code, or with what stands there; the card of its check."""
        if code is not None:
            self.write("solution-2", code)
        self.run("solution-2")
        return self.run("check-2")

    def photograph(self, name: str) -> None:
        """Keep a picture, where the environment says where."""
        if folder := os.environ.get("LEARNKAFKA_PICTURES"):
            self.page.screenshot(path=Path(folder) / f"lab-{name}.png")


@pytest.fixture
def notebook(page: Page, opened: Path) -> Notebook:
    """The lab, with everything above the exercises run."""
    expect(page.get_by_role("heading", name="Lab 01 · Why publish–subscribe")).to_be_visible()
    notebook = Notebook(page, opened)
    for grade_id in ("setup", "helper"):
        notebook.run(grade_id)
    return notebook


def test_an_exercise_from_untouched_to_passed(notebook: Notebook) -> None:
    """Each card says what it should, in a region with a name; none is a traceback."""
    card = notebook.answer()
    expect(card.get_by_role("region", name="○ Exercise 2, Billing catches up: not attempted")).to_be_visible()
    expect(card).to_contain_text("Line 2 of the cell: ...")
    notebook.photograph("untouched")

    card = notebook.answer(RAISES)
    expect(card.get_by_role("region", name="! Exercise 2, Billing catches up: your code raised")).to_be_visible()
    expect(card).to_contain_text("Your function raised KeyError: 'id'.")
    notebook.photograph("raised")

    card = notebook.answer(WITHOUT_GROUP)
    expect(card.get_by_role("region", name="✗ Exercise 2, Billing catches up: not yet")).to_be_visible()
    expect(card).to_contain_text("Belief behind it: Kafka knows by itself what I have read")
    notebook.photograph("wrong")

    card = notebook.answer(RIGHT)
    expect(card.get_by_role("region", name="✓ Exercise 2, Billing catches up: passed")).to_be_visible()
    expect(card).to_contain_text("2 of 2 points")
    notebook.photograph("passed")
    expect(notebook.page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']")).to_have_count(0)


def test_a_cell_that_never_ends_is_interrupted_with_the_square(notebook: Notebook) -> None:
    """And the next check says so."""
    notebook.write("solution-2", ENDLESS)
    prompt = notebook.show("solution-2").locator(".jp-InputPrompt")
    prompt.click()
    notebook.page.keyboard.press("Control+Enter")
    expect(prompt).to_have_text("[*]:")
    expect(notebook.page.get_by_text("Python 3 (ipykernel) | Busy")).to_be_visible()
    notebook.page.get_by_role("button", name="Interrupt the kernel").click()
    expect(prompt).not_to_have_text("[*]:", timeout=30_000)
    card = notebook.run("check-2")
    expect(card).to_contain_text("There is no catch_up yet: the cell before was interrupted.")
    notebook.photograph("interrupted")
