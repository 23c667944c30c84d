"""What holds for every lesson as it is committed. That its outputs are true is nbval's part (tools/test)."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest

from learnkafka.authoring.notebooks import KERNEL, MEASURED
from learnkafka.questions.texts import PREDICTIONS

COURSE = Path(__file__).parents[2]
LESSONS = sorted((COURSE / "notebooks").glob("*.ipynb"))
LONGEST_CELL = 15  # lines

NOTEBOOKS = [
    path for folder in ("notebooks", "labs", "solutions") for path in sorted((COURSE / folder).glob("*.ipynb"))
]

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def read(path: Path) -> Any:
    """The lesson as nbformat gives it."""
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[Any]:
    """Its cells of code."""
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def test_there_are_the_lessons_that_the_course_names() -> None:
    """Lessons are numbered from 00 without a gap."""
    assert [path.name[:2] for path in LESSONS] == [f"{number:02}" for number in range(len(LESSONS))]
    assert len(LESSONS) >= 3


@each_lesson
def test_every_code_cell_has_been_run_in_order(path: Path) -> None:
    """Each has an execution count: nbval never compares one that has none."""
    assert [cell.execution_count for cell in code_cells(path)] == list(range(1, len(code_cells(path)) + 1))


@each_lesson
def test_nothing_failed_or_warned(path: Path) -> None:
    """No output is an error, and nothing went to standard error."""
    for cell in code_cells(path):
        assert not [
            output for output in cell.outputs if output.output_type == "error" or output.get("name") == "stderr"
        ]


@each_lesson
def test_cells_are_short(path: Path) -> None:
    """No cell of code has more than 15 lines, and none waits without a condition."""
    for cell in code_cells(path):
        assert len(cell.source.splitlines()) <= LONGEST_CELL, cell.source
        waits = [line for line in cell.source.splitlines() if "sleep(" in line and "# the work" not in line]
        assert not waits


@each_lesson
def test_is_saved_in_the_one_form(path: Path) -> None:
    """As `learnkafka build` saves it: ids by place, no kernel version, no metadata of a cell, nothing of the machine."""
    notebook = read(path)
    assert notebook.metadata == KERNEL
    assert [cell.id for cell in notebook.cells] == [f"{path.stem[:2]}-{n:02}" for n in range(len(notebook.cells))]
    assert not any(cell.metadata and cell.metadata != MEASURED for cell in notebook.cells)
    outputs = "".join(str(cell.outputs) for cell in code_cells(path))
    assert not re.search(r"/home/|/root/|/tmp/|/Users/|localhost:(?!1\b)\d+|0x[0-9a-f]{6,}", outputs)


@each_lesson
def test_has_the_parts_of_a_lesson(path: Path) -> None:
    """A title with its question and minutes, one cell that starts the broker, `When it breaks`, a recap of five."""
    notebook = read(path)
    title = notebook.cells[0].source
    assert title.startswith(f"# {path.stem[:2]} · ")
    assert re.search(r"\*\*[^*]+\?\*\*", title), "the one question"
    assert "minutes" in title
    assert len(re.findall(r"^- ", title, re.MULTILINE)) == 3, "three things that the reader will be able to do"
    starts = [cell for cell in code_cells(path) if re.search(r"= start_(broker|cluster)\(", cell.source)]
    assert len(starts) == 1
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert text.count("## When it breaks") == 1
    recap = text.split("## Recap")[1]
    assert len(re.findall(r"^- ", recap, re.MULTILINE)) == 5


@each_lesson
def test_asks_and_explains(path: Path) -> None:
    """Two predictions or more, each shown before a run and explained after it; recall of the lesson before, but in the first."""
    asked: list[str] = []
    since = 0
    for cell in code_cells(path):
        if found := re.search(r'^prediction = predict\("([^"]+)"\)\nprediction$', cell.source, re.MULTILINE):
            assert since == 0, f"{asked[-1:]} isn't explained"
            asked.append(found[1])
            since = 1
        elif cell.source == "prediction.explain()":
            assert since > 1, f"{asked[-1:]} is explained before anything ran"
            since = 0
        elif since:
            since += 1
    assert since == 0, f"{asked[-1:]} isn't explained"
    assert len(asked) == len(set(asked)) >= 2
    assert asked == [question.id for question in PREDICTIONS if question.id.startswith(f"{path.stem[:2]}-")]
    before = f'recall("{int(path.stem[:2]) - 1:02}")'
    assert [cell.source for cell in code_cells(path)].count(before) == (path != LESSONS[0])


@each_lesson
def test_widgets_leave_a_form_that_needs_no_kernel(path: Path) -> None:
    """A question as committed is HTML and text: no view of a widget that isn't there."""
    for cell in code_cells(path):
        for output in cell.outputs:
            assert not [kind for kind in output.get("data", {}) if "widget" in kind]
            if "predict(" in cell.source or cell.source.startswith("recall("):
                assert set(output.data) == {"text/html", "text/plain"}


@each_lesson
def test_leads_to_its_lab(path: Path) -> None:
    """Each lesson but the first links to the lab of its name."""
    text = path.read_text(encoding="utf-8")
    assert (f"(../labs/{path.name})" in text) == (path != LESSONS[0])


@each_notebook
def test_links_lead_somewhere(path: Path) -> None:
    """Every link to a file of the course names one that is there."""
    for cell in read(path).cells:
        for target in re.findall(r"\]\(([^)#:]+)\)", cell.source):
            assert (path.parent / target).exists(), target


def test_neighbours_link_to_each_other() -> None:
    """Each lesson links to the next, and each but the first to the one before."""
    for before, after in pairwise(LESSONS):
        assert f"({after.name})" in before.read_text(encoding="utf-8")
        assert f"({before.name})" in after.read_text(encoding="utf-8")


def test_the_map_and_the_readme_name_every_lesson() -> None:
    """Lesson 00's map and README.md's table list each lesson by its title."""
    start, readme = LESSONS[0].read_text(encoding="utf-8"), (COURSE / "README.md").read_text(encoding="utf-8")
    for path in LESSONS:
        title = read(path).cells[0].source.splitlines()[0].removeprefix("# ")
        assert title in start
        assert title in readme
