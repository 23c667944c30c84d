"""The course as a learner meets it: `learnkafka lab`, and the first lesson in a real browser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from playwright.sync_api import Page, expect

from benchmarks.jupyterlab import jupyterlab

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

COURSE = Path(__file__).parents[2]
IDLE = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'


@pytest.fixture
def lab(tmp_path: Path, notebooks: Path) -> Iterator[str]:
    """As `learnkafka lab` prints it, in the directory above the notebooks; all that it started ends with it."""
    with jupyterlab(notebooks.parent, tmp_path / "config") as one:
        yield one.address
        children = psutil.Process(one.process.pid).children(recursive=True)
    _, left = psutil.wait_procs(children, timeout=10)
    assert not left, f"still running after JupyterLab has ended: {left}"


def outputs(path: Path) -> list[list[Any]]:
    """What each cell of code shows: text and its kind, without when it was shown; nothing while JupyterLab writes the file."""
    try:
        cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    except nbformat.reader.NotJSONError:
        return []
    return [[(one.get("name"), one.get("text") or one.get("data")) for one in cell.outputs] for cell in cells]


def test_the_first_lesson_runs_from_top_to_bottom(page: Page, tmp_path: Path) -> None:
    """The lesson is open, `Run all cells` gives what is committed, with no question, error or warning in the way; the view shows what was sent."""
    expect(page.get_by_role("heading", name="00 · Start here")).to_be_visible(timeout=60_000)
    page.locator(IDLE).wait_for(timeout=60_000)

    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    lesson, deadline = "notebooks/00-start-here.ipynb", time.monotonic() + 90
    while outputs(tmp_path / lesson) != outputs(COURSE / lesson):
        assert time.monotonic() < deadline, f"this came of it: {outputs(tmp_path / lesson)}"
        page.keyboard.press("Control+s")  # the page draws only the cells in sight; what is saved is whole
        page.wait_for_timeout(500)

    logs = page.locator(".lk-log")  # the view is shown twice, and out of sight is still there
    expect(logs).to_have_count(2)
    for log in logs.all():
        log.scroll_into_view_if_needed()
        cells = log.locator('[data-partition="0"] .lk-cell')
        expect(cells).to_have_count(3)
        assert [cell.get_attribute("data-offset") for cell in cells.all()] == ["0", "1", "2"]
    assert page.locator(".jp-Dialog, .Toastify__toast").count() == 0
