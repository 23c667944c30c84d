"""JupyterLab, started as a learner starts it, and a page of Chromium on it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright

from benchmarks.jupyterlab import JupyterLab, jupyterlab, open_notebook
from learnkafka.lab import FIRST_LESSON

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
def opened(notebooks: Path) -> Path:
    """The notebook that is opened. A module may have another instead."""
    return notebooks / FIRST_LESSON.name


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where JupyterLab keeps a learner's settings."""
    return tmp_path_factory.mktemp("config")


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory, config: Path) -> Iterator[JupyterLab]:
    """JupyterLab as `learnkafka lab` opens it, for all tests of a module: each has its own directory below this one."""
    root = tmp_path_factory.getbasetemp()
    first = root / FIRST_LESSON
    first.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(), first)
    with jupyterlab(root, config) as one:
        first.unlink()  # it was there to be found; from now on each test has its own
        first.parent.rmdir()
        yield one


@pytest.fixture(scope="module")
def chromium() -> Iterator[BrowserContext]:
    """For all tests of a module: JupyterLab's scripts are loaded and compiled once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield browser.new_context(viewport={"width": 1280, "height": 1000})
        browser.close()


@pytest.fixture
def lab(jupyter: JupyterLab, config: Path, opened: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The notebook's address, in JupyterLab as it is for a new learner; in the end nothing of its kernel is left."""
    place = opened.relative_to(tmp_path_factory.getbasetemp())
    yield jupyter.address.replace(str(FIRST_LESSON), str(place)) + "&reset"
    children = psutil.Process(jupyter.process.pid).children(recursive=True)
    end_kernels(jupyter)
    shutil.rmtree(config / "lab", ignore_errors=True)
    _, left = psutil.wait_procs(children, timeout=10)
    assert not left, f"still running after the kernel has ended: {left}"


def end_kernels(jupyter: JupyterLab) -> None:
    """Those that run there, as from JupyterLab's list of them."""
    kernels, token = f"http://127.0.0.1:{jupyter.port}/api/kernels", {"Authorization": f"token {jupyter.token}"}
    with urlopen(Request(kernels, headers=token), timeout=10) as answer:
        for kernel in json.load(answer):
            urlopen(Request(f"{kernels}/{kernel['id']}", headers=token, method="DELETE"), timeout=20).close()


@pytest.fixture
def page(lab: str, chromium: BrowserContext) -> Iterator[Page]:
    """A page on the address, ready to run cells, in which any error of a script fails the test."""
    errors: list[str] = []
    page = chromium.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))
    open_notebook(page, lab, errors)
    yield page
    page.close()
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
