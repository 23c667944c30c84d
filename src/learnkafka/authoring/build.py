"""`learnkafka build`: every generated file of the course, written anew or compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import unified_diff
from pathlib import Path

from learnkafka.authoring.lessons import built_lesson, lessons

Report = Callable[[str], None]


def build_course(
    course: Path, generated: Mapping[str, str], only: list[str], *, check: bool, report: Report
) -> list[Path]:
    """Run the lessons (those whose names begin with one of `only`, or all) and give the files that differ.

    `generated` holds the text of other generated files by their place in the course. With `check` nothing is written.
    """
    differing = []
    for place, text in () if only else generated.items():
        differing += _settle(course / place, text, check, report)
    for lesson in lessons(course, only):
        report(f"running {lesson.name}")
        differing += _settle(lesson, built_lesson(lesson), check, report)
    return differing


def _settle(path: Path, text: str, check: bool, report: Report) -> list[Path]:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if before == text:
        return []
    if check:
        difference = unified_diff(
            before.splitlines(), text.splitlines(), f"{path.name} (committed)", f"{path.name} (built)", lineterm=""
        )
        report("\n".join(list(difference)[:40]))
    else:
        path.write_text(text, encoding="utf-8")
        report(f"wrote {path.name}")
    return [path]
