"""What holds for every lab and its solution as they are committed. That solutions pass is nbval's part, and the gate's (tests/labs)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from learnkafka.authoring.build import build_course
from learnkafka.authoring.labs import lab_from
from learnkafka.authoring.notebooks import KERNEL
from learnkafka.labs import LABS

COURSE = Path(__file__).parents[2]
SOLUTIONS = sorted((COURSE / "solutions").glob("*.ipynb"))
LONGEST_CELL = 15  # lines

each_solution = pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)


def cells(path: Path, kind: str = "code") -> list[Any]:
    """Those of one type."""
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def grading(cell: Any) -> Any:
    """What nbgrader knows of it."""
    return cell.metadata.get("nbgrader", {})


def test_each_lab_has_a_solution_exercises_and_a_lesson() -> None:
    """Under one name; lesson 00 has its exercise within."""
    names = [path.stem for path in SOLUTIONS]
    assert names == sorted(path.stem for path in (COURSE / "labs").glob("*.ipynb"))
    assert names == [name for name in LABS if name != "00-start-here"]
    assert [path.stem for path in sorted((COURSE / "notebooks").glob("*.ipynb"))] == list(LABS)


@each_solution
def test_the_lab_is_what_its_solution_gives(path: Path) -> None:
    """Byte by byte: nobody has edited a lab, or forgotten to build it."""
    assert (COURSE / "labs" / path.name).read_text(encoding="utf-8") == lab_from(path.read_text(encoding="utf-8"))


@each_solution
def test_the_lab_holds_no_solution_and_no_output(path: Path) -> None:
    """Nor a marker, a kernel's version, or anything that was run; and the cells keep their ids."""
    lab = COURSE / "labs" / path.name
    text = lab.read_text(encoding="utf-8")
    assert "SOLUTION" not in text
    assert nbformat.read(lab, as_version=4).metadata == KERNEL
    assert not any(cell.outputs or cell.execution_count for cell in cells(lab))
    ids = [[cell.id for cell in nbformat.read(one, as_version=4).cells] for one in (path, lab)]
    assert ids[0] == ids[1] == [f"{path.stem[:2]}-{number:02}" for number in range(len(ids[0]))]
    for solved in cells(path):
        if grading(solved).get("solution"):
            solution = solved.source.split("### BEGIN SOLUTION")[1].split("### END SOLUTION")[0]
            assert all(line.strip() not in text for line in solution.splitlines() if len(line.strip()) > 25)


@each_solution
def test_the_lab_runs_untouched(path: Path) -> None:
    """A gap is valid Python, and there is one in each exercise."""
    for cell in cells(COURSE / "labs" / path.name):
        compile(cell.source, path.name, "exec")
        if grading(cell).get("solution"):
            assert [line.strip() for line in cell.source.splitlines()].count("...") == 1


@each_solution
def test_the_solution_was_run_and_passes(path: Path) -> None:
    """Every cell, in order, without an error or a word to standard error; every check passed."""
    code = cells(path)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        assert not [one for one in cell.outputs if one.output_type == "error" or one.get("name") == "stderr"]
        assert len(cell.source.splitlines()) <= LONGEST_CELL
        if grading(cell).get("grade"):
            assert ": passed" in cell.outputs[0].data["text/plain"].splitlines()[0]
            assert float(cell.outputs[1].data["text/plain"]) == cell.metadata.nbgrader.points


@each_solution
def test_nbgrader_knows_every_exercise(path: Path) -> None:
    """A task, an answer and a check for each, in schema 3, with the exercise's points."""
    known = {grading(cell)["grade_id"]: cell for cell in nbformat.read(path, as_version=4).cells if grading(cell)}
    exercises = LABS[path.stem]
    for number, exercise in enumerate(exercises, start=1):
        task, answer, check = (known.pop(f"{kind}-{number}") for kind in ("task", "solution", "check"))
        assert all(grading(cell)["schema_version"] == 3 for cell in (task, answer, check))
        assert (grading(answer)["solution"], grading(answer)["grade"], grading(answer)["locked"]) == (
            True,
            False,
            False,
        )
        assert (grading(check)["solution"], grading(check)["grade"], grading(check)["locked"]) == (False, True, True)
        assert grading(check)["points"] == exercise.points
        assert re.fullmatch(rf"lab\.check\({number}(, \w+)?\)", check.source)
        assert exercise.task in task.source
    assert all(grading(cell)["locked"] for cell in known.values())


def test_a_lab_that_was_edited_is_found_and_one_without_solution_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`learnkafka build --check` names them and changes nothing; `learnkafka build` mends them."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1")])
    for folder in ("notebooks", "solutions", "labs"):
        (tmp_path / folder).mkdir()
    for folder in ("notebooks", "solutions"):
        nbformat.write(notebook, tmp_path / folder / "01-a.ipynb")
    (tmp_path / "labs" / "02-gone.ipynb").write_text("{}")
    said: list[str] = []
    assert build_course(tmp_path, {}, [], check=False, report=said.append)
    assert not (tmp_path / "labs" / "02-gone.ipynb").exists()
    assert not build_course(tmp_path, {}, [], check=True, report=said.append)

    lab = tmp_path / "labs" / "01-a.ipynb"
    edited = lab.read_text(encoding="utf-8").replace("1 + 1", "1 + 2")
    lab.write_text(edited, encoding="utf-8")
    (tmp_path / "labs" / "02-gone.ipynb").write_text("{}")
    differing = build_course(tmp_path, {}, [], check=True, report=said.append)
    assert sorted(path.name for path in differing) == ["01-a.ipynb", "02-gone.ipynb"]
    assert lab.read_text(encoding="utf-8") == edited
    assert any("labs/02-gone.ipynb has no solution" in line for line in said)
