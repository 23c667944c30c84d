"""The labs in a class: what learners hand in, graded by nbgrader's own commands as docs/teaching.md has them."""

from __future__ import annotations

import csv
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from learnkafka.labs import LABS
from tests.left import inside

COURSE = Path(__file__).parents[2]
TEACHING = (COURSE / "docs" / "teaching.md").read_text(encoding="utf-8")
EXAMPLE = "01-why-publish-subscribe"  # the lab that the document's commands name
GRADED = [name for name in LABS if name != "00-start-here"]  # lesson 00 has its exercise within
QUICK = (EXAMPLE, "05-consumer-groups")  # what CI grades; that one's checks run processes
WRONG = 3  # the exercise that one learner answers wrongly; the last one is left

pytestmark = pytest.mark.timeout(300)


def code_blocks(language: str) -> list[str]:
    """Those of the document."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEACHING, re.MULTILINE | re.DOTALL)


def commands(name: str) -> list[list[str]]:
    """The document's nbgrader commands in their order, for that lab."""
    lines = [line for block in code_blocks("sh") for line in block.splitlines() if line.startswith("nbgrader ")]
    return [shlex.split(line.replace(EXAMPLE, name), comments=True) for line in lines]


def grading(cell: Any) -> Any:
    """What nbgrader knows of a cell."""
    return cell.metadata.get("nbgrader", {})


def checks(notebook: Any) -> list[Any]:
    """The cells that give points."""
    return [cell for cell in notebook.cells if grading(cell).get("grade")]


def locked(notebook: Any) -> list[Any]:
    """The cells that learners are not to change: checks, tasks, and those that open the lab."""
    return [cell for cell in notebook.cells if grading(cell).get("locked")]


# What four learners hand in.


def lab(name: str) -> Any:
    """As it is committed, which is what a learner begins with."""
    return nbformat.read(COURSE / "labs" / f"{name}.ipynb", as_version=4)


def solved(name: str) -> Any:
    """The solutions typed into the lab."""
    notebook, given = lab(name), nbformat.read(COURSE / "solutions" / f"{name}.ipynb", as_version=4)
    solutions = {grading(cell)["grade_id"]: cell.source for cell in given.cells if grading(cell).get("solution")}
    for cell in notebook.cells:
        if grading(cell).get("solution"):
            lines = solutions[grading(cell)["grade_id"]].splitlines()
            cell.source = "\n".join(line for line in lines if "### " not in line)
    return notebook


def talkative(name: str) -> Any:
    """Solved, by functions that write to standard error and warn."""
    notebook = solved(name)
    talk = '    import sys, warnings\n    print("reading", file=sys.stderr)\n    warnings.warn("careful")\n'
    for cell in notebook.cells:
        if grading(cell).get("solution"):
            cell.source = re.sub(r"^(def .*:\n)", lambda found: found[1] + talk, cell.source, flags=re.MULTILINE)
    assert any(talk in cell.source for cell in notebook.cells)
    return notebook


def half_done(name: str) -> Any:
    """Solved, by functions that talk, but for one exercise with a wrong answer and one with its gap."""
    text = (COURSE / "tests" / "labs" / "attempts" / f"{name}.toml").read_text(encoding="utf-8")
    wrong = [
        one["code"]
        for one in tomllib.loads(text)["attempt"]
        if one["exercise"] == WRONG and one["outcome"] == "not yet"
    ]
    notebook, last = talkative(name), len(LABS[name])
    for cell, untouched in zip(notebook.cells, lab(name).cells, strict=True):
        if grading(cell).get("grade_id") == f"solution-{WRONG}":
            cell.source = wrong[0].strip()
        if grading(cell).get("grade_id") == f"solution-{last}":
            cell.source = untouched.source
    return notebook


def helps_itself(name: str) -> Any:
    """Nothing is solved, and in the place of each locked cell stand its points."""
    notebook = lab(name)
    for cell in locked(notebook):
        cell.source = str(grading(cell).get("points", 0))
    return notebook


LEARNERS: dict[str, Callable[[str], Any]] = {
    "ada": solved,
    "ben": lab,
    "cleo": half_done,
    "dan": helps_itself,
}


def points_by_exercise(name: str) -> dict[str, list[int]]:
    """What each learner has earned."""
    every = [exercise.points for exercise in LABS[name]]
    half = [0 if number in (WRONG, len(every)) else points for number, points in enumerate(every, start=1)]
    none = [0] * len(every)
    return {"ada": every, "ben": none, "cleo": half, "dan": none}


# How they are graded.


@dataclass
class Classroom:
    """A teacher's folder."""

    folder: Path
    environment: dict[str, str]

    def run(self, command: list[str]) -> None:
        """One of nbgrader's commands, which has to succeed."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=240
        )
        assert done.returncode == 0, done.stderr[-3000:]

    def notebook(self, *place: str) -> Any:
        """One that nbgrader wrote."""
        return nbformat.read(self.folder.joinpath(*place).with_suffix(".ipynb"), as_version=4)

    def scores(self, name: str) -> dict[str, tuple[float, float]]:
        """Each learner's score and the highest there is, from what was exported."""
        with (self.folder / "grades.csv").open(encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row["assignment"] == name]
        return {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in rows}


@pytest.fixture(scope="module")
def classroom(
    tmp_path_factory: pytest.TempPathFactory,
    real_jars: Path,
    processes: Callable[[Path], list[Any]],
    until: Callable[..., Any],
) -> Iterator[Classroom]:
    """The folder with the document's configuration; in the end nothing is left of the brokers that graded."""
    folder, home = tmp_path_factory.mktemp("class"), tmp_path_factory.mktemp("home")
    [configuration] = code_blocks("python")
    (folder / "nbgrader_config.py").write_text(configuration, encoding="utf-8")
    foreign = ("JUPYTER", "IPYTHON", "NBGRADER", "KAFKA_", "XDG_")
    with tempfile.TemporaryDirectory(prefix="lk-", dir="/tmp") as tmp:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(foreign)} | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "TMPDIR": tmp,
            "XDG_CACHE_HOME": str(real_jars.parents[1]),
            "LEARNKAFKA_BROKER": "embedded",
            "LEARNKAFKA_PROGRESS": str(folder / "progress.json"),
        }
        yield Classroom(folder, environment)
        until(lambda: not processes(Path(tmp)))
        until(lambda: not inside(Path(tmp)))


@pytest.fixture(
    scope="module", params=[pytest.param(one, marks=[] if one in QUICK else pytest.mark.long) for one in GRADED]
)
def name(request: pytest.FixtureRequest, classroom: Classroom) -> str:
    """A lab that everybody has handed in, and that the document's commands have graded."""
    name = str(request.param)
    source = classroom.folder / "source" / name
    source.mkdir(parents=True)
    (source / f"{name}.ipynb").write_bytes((COURSE / "solutions" / f"{name}.ipynb").read_bytes())
    for learner, hands_in in LEARNERS.items():
        submitted = classroom.folder / "submitted" / learner / name
        submitted.mkdir(parents=True)
        nbformat.write(hands_in(name), submitted / f"{name}.ipynb")
    for command in commands(name):
        classroom.run(command)
    return name


def test_what_is_released_is_the_committed_lab(name: str, classroom: Classroom) -> None:
    """Each cell with its id, its source and its metadata, checksums too: so learners may hand in the lab that they have."""
    released = classroom.notebook("release", name, name)
    seen = [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in released.cells]
    assert seen == [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in lab(name).cells]


def test_everybody_gets_the_points_of_what_they_solved(name: str, classroom: Classroom) -> None:
    """All, none, or those of the exercises that are right; and the most there is, is what the exercises say."""
    most = sum(exercise.points for exercise in LABS[name])
    earned = {learner: (sum(points), most) for learner, points in points_by_exercise(name).items()}
    assert classroom.scores(name) == earned


@pytest.mark.parametrize("learner", LEARNERS)
def test_each_check_shows_its_card_and_its_points(name: str, learner: str, classroom: Classroom) -> None:
    """And nothing else: no traceback, no standard error."""
    outputs = [cell.outputs for cell in checks(classroom.notebook("autograded", learner, name, name))]
    assert [[one.output_type for one in cell] for cell in outputs] == [["display_data", "execute_result"]] * len(
        LABS[name]
    )
    assert [int(result.data["text/plain"]) for _, result in outputs] == points_by_exercise(name)[learner]


def test_locked_cells_that_were_changed_are_put_back(name: str, classroom: Classroom) -> None:
    """They were changed when they were handed in, and graded as they are in the lab."""
    handed_in, graded = (classroom.notebook(step, "dan", name, name) for step in ("submitted", "autograded"))
    committed = [cell.source for cell in locked(lab(name))]
    assert not {cell.source for cell in locked(handed_in)} & set(committed)
    assert [cell.source for cell in locked(graded)] == committed


@pytest.mark.parametrize("learner", LEARNERS)
def test_each_learner_gets_a_page(name: str, learner: str, classroom: Classroom) -> None:
    """With the score and a card for each exercise."""
    page = (classroom.folder / "feedback" / learner / name / f"{name}.html").read_text(encoding="utf-8")
    points, most = sum(points_by_exercise(name)[learner]), sum(exercise.points for exercise in LABS[name])
    assert f"{name} (Score: {points:.1f} / {most:.1f})" in page
    for exercise in LABS[name]:
        assert re.search(rf'<section aria-label="[^"]*{re.escape(exercise.title)}: ', page)


def test_the_document_lists_the_points() -> None:
    """One row for each lab, with its exercises in their order."""
    rows = []
    for name in GRADED:
        exercises = [
            f"{number}{' (stretch)' if one.is_stretch else ''} {one.title}: {one.points}"
            for number, one in enumerate(LABS[name], start=1)
        ]
        rows.append(f"| {name} | {'; '.join(exercises)} | {sum(one.points for one in LABS[name])} |")
    assert [line for line in TEACHING.splitlines() if re.match(r"\| \d\d-", line)] == rows


def test_the_document_has_the_commands() -> None:
    """From the source to the grades."""
    assert [command[1] for command in commands(EXAMPLE)] == [
        "generate_assignment",
        "autograde",
        "generate_feedback",
        "export",
    ]
