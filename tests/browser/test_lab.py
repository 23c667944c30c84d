"""The course as a learner meets it: `learnkafka lab`, and the first lesson in a real browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from learnkafka.broker.ports import free_ports

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

COURSE = Path(__file__).parents[2]
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
IDLE = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """JupyterLab as `learnkafka lab` opens it, on a copy of the notebooks without outputs; the address that it prints."""
    (tmp_path / "notebooks").mkdir()
    for lesson in (COURSE / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(lesson, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, tmp_path / "notebooks" / lesson.name)
    environment = os.environ | {"LEARNKAFKA_BROKER": "embedded", "JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    process = subprocess.Popen(
        [sys.executable, "-m", "learnkafka", "lab", "--no-browser", "--port", str(free_ports(1)[0])],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield _printed_address(process)
    finally:
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        _, left = psutil.wait_procs(children, timeout=10)
        assert not left, f"still running after JupyterLab has ended: {left}"


def _printed_address(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    printed = ""
    for line in process.stdout:
        printed += line
        if found := re.search(r"http://127\.0\.0\.1:\d+/lab\S*\?token=\w+", line):
            return found[0]
    raise AssertionError(f"JupyterLab printed no address:\n{printed}")


@pytest.fixture
def page(lab: str) -> Iterator[Page]:
    """A page on the address, in which any error of a script fails the test."""
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(lab)
        yield page
        browser.close()
    assert not errors


def outputs(path: Path) -> list[list[Any]]:
    """What each cell of code shows: text and its kind, without when it was shown."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return [[(one.get("name"), one.get("text") or one.get("data")) for one in cell.outputs] for cell in cells]


def test_the_first_lesson_runs_from_top_to_bottom(page: Page, tmp_path: Path) -> None:
    """The lesson is open, `Run all cells` gives what is committed, with no question, error or warning in the way."""
    expect(page.get_by_role("heading", name="00 · Start here")).to_be_visible(timeout=60_000)
    page.locator(IDLE).wait_for(timeout=60_000)

    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    lesson, deadline = "notebooks/00-start-here.ipynb", time.monotonic() + 90
    while outputs(tmp_path / lesson) != outputs(COURSE / lesson):
        assert time.monotonic() < deadline, f"this came of it: {outputs(tmp_path / lesson)}"
        page.keyboard.press("Control+s")  # the page draws only the cells in sight; what is saved is whole
        page.wait_for_timeout(500)
    assert page.locator(".jp-Dialog, .Toastify__toast").count() == 0
