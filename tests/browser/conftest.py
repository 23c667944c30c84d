"""JupyterLab, started as a learner starts it, and a page of Chromium on it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import Locator, Page, expect, sync_playwright

from benchmarks.jupyterlab import jupyterlab, open_notebook

COURSE = Path(__file__).parents[2]
expect.set_options(timeout=20_000)  # on a busy machine a view's first picture takes its time
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture
def notebooks(tmp_path: Path) -> Path:
    """The directory of notebooks that is opened: a copy without outputs. A module may have one of its own instead."""
    copy = tmp_path / "notebooks"
    copy.mkdir()
    for lesson in (COURSE / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(lesson, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, copy / lesson.name)
    return copy


@pytest.fixture
def one_notebook(tmp_path: Path) -> Callable[[str, list[str]], Path]:
    """`one_notebook(title, cells)`: a directory with a notebook of a test's own, in place of the first lesson."""

    def write(title: str, cells: list[str]) -> Path:
        directory = tmp_path / "notebooks"
        directory.mkdir()
        notebook = new_notebook(cells=[new_markdown_cell(f"# {title}"), *map(new_code_cell, cells)])
        notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
        nbformat.write(notebook, directory / "00-start-here.ipynb")
        return directory

    return write


@pytest.fixture
def lab(tmp_path: Path, notebooks: Path) -> Iterator[str]:
    """JupyterLab as `learnkafka lab` opens it, in the directory above the notebooks; the address that it prints."""
    with jupyterlab(notebooks.parent, tmp_path / "config") as one:
        yield one.address
        children = psutil.Process(one.process.pid).children(recursive=True)
    _, left = psutil.wait_procs(children, timeout=10)
    assert not left, f"still running after JupyterLab has ended: {left}"


@pytest.fixture
def page(lab: str) -> Iterator[Page]:
    """A page on the address, ready to run cells, in which any error of a script fails the test."""
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.on("pageerror", lambda error: errors.append(str(error)))
        open_notebook(page, lab, errors)
        yield page
        browser.close()
    assert not errors


@pytest.fixture
def cell(page: Page) -> Callable[[int], Locator]:
    """`cell(number)`: a cell of a notebook that is short enough to be drawn whole; 0 is its title."""
    return lambda number: page.locator(".jp-Notebook .jp-Cell").nth(number)


@pytest.fixture
def run(page: Page, cell: Callable[[int], Locator]) -> Callable[..., None]:
    """`run(1, 2)`: run cells as a learner does: click, Shift+Enter."""

    def run_all(*numbers: int) -> None:
        for number in numbers:
            prompt = cell(number).locator(".jp-InputPrompt")
            prompt.click()
            expect(cell(number)).to_be_focused()
            page.keyboard.press("Shift+Enter")
            expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=60_000)

    return run_all
