"""`learnkafka build`: every generated file of the course, written anew or compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import unified_diff
from pathlib import Path

from learnkafka.authoring.labs import lab_from
from learnkafka.authoring.notebooks import built_notebook, lessons, solutions
from learnkafka.errors import CourseError

Report = Callable[[str], None]


def build_course(
    course: Path, generated: Mapping[str, str], only: list[str], *, check: bool, report: Report
) -> list[Path]:
    """Run lessons and solutions (those whose names begin with one of `only`, or all), make the labs, and give the files that differ.

    `generated` holds the text of other generated files by their place in the course. With `check` nothing is written.
    """
    differing = []
    for place, text in () if only else generated.items():
        differing += _settle(course / place, text, check, report)
    for lesson in _chosen(lessons(course), only):
        report(f"running {_place(lesson)}")
        differing += _settle(lesson, built_notebook(lesson), check, report)
    for solution in _chosen(solutions(course), only, or_none=True):
        report(f"running {_place(solution)}")
        text = built_notebook(solution)
        differing += _settle(solution, text, check, report)
        differing += _settle(course / "labs" / solution.name, lab_from(text), check, report)
    if not only:
        differing += _without_source(course, check, report)
    return differing


def _chosen(notebooks: list[Path], only: list[str], *, or_none: bool = False) -> list[Path]:
    chosen = [path for path in notebooks if not only or path.name.startswith(tuple(only))]
    if not chosen and not or_none:
        names = ", ".join(path.stem for path in notebooks)
        raise CourseError(f"No lesson begins with {' or '.join(only)}; there are {names}.")
    return chosen


def _without_source(course: Path, check: bool, report: Report) -> list[Path]:
    """Labs whose solution is gone."""
    left = [
        path for path in sorted((course / "labs").glob("*.ipynb")) if not (course / "solutions" / path.name).exists()
    ]
    for path in left:
        report(f"{_place(path)} has no solution that it is made from")
        if not check:
            path.unlink()
    return left


def _settle(path: Path, text: str, check: bool, report: Report) -> list[Path]:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if before == text:
        return []
    if check:
        difference = unified_diff(
            before.splitlines(),
            text.splitlines(),
            f"{_place(path)} (committed)",
            f"{_place(path)} (built)",
            lineterm="",
        )
        report("\n".join(list(difference)[:40]))
    else:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        report(f"wrote {_place(path)}")
    return [path]


def _place(path: Path) -> str:
    return f"{path.parent.name}/{path.name}" if path.suffix == ".ipynb" else path.name
