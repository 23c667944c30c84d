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
    """JupyterLab as `learnkafka lab` opens it, on a copy of the notebooks; gives the address that it prints."""
    shutil.copytree(COURSE / "notebooks", tmp_path / "notebooks")
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


def test_the_first_lesson_runs_from_top_to_bottom(page: Page) -> None:
    """The lesson is open, `Run all cells` runs it without an error or a warning, and no broker is left behind."""
    expect(page.get_by_role("heading", name="00 · Start here")).to_be_visible(timeout=60_000)
    page.locator(IDLE).wait_for(timeout=60_000)

    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    # The last cell's answer; the page draws only the cells that are in sight, so follow it there.
    last = page.get_by_text("<Kafka broker: stopped>", exact=True)
    deadline = time.monotonic() + 90
    while last.count() < 1 or page.locator(IDLE).count() < 1:
        assert time.monotonic() < deadline, "the lesson didn't come to its end"
        page.wait_for_timeout(200)
    assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0
    assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    # No question stood in the way: not for a kernel, not about news.
    assert page.locator(".jp-Dialog, .Toastify__toast").count() == 0
    if target := os.environ.get("LEARNKAFKA_SCREENSHOTS"):
        page.screenshot(path=f"{target}/lesson-00.png")
