"""The two-way gate, over every exercise of every lab: an untouched lab isn't wrong, a solution passes, and every wrong attempt is answered as it should be.

Wrong attempts lie in attempts/, one file for each lab. An exercise without them fails here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import nbformat
import pytest

from learnkafka.labs import LABS, misconceptions

COURSE = Path(__file__).parents[2]
ATTEMPTS = Path(__file__).parent / "attempts"
PRACTICE = "00-start-here"  # its exercise stands in the lesson
SECONDS_WAITING_FOR_EVER = 3  # for a function that is known to, so that it doesn't hold us up
SECONDS = 20  # for all others: tests share the machine

EXERCISES = [(name, number) for name, exercises in LABS.items() for number in range(1, len(exercises) + 1)]


def attempts(name: str) -> list[dict[str, Any]]:
    """Those of a lab."""
    return list(tomllib.loads((ATTEMPTS / f"{name}.toml").read_text(encoding="utf-8"))["attempt"])


ALL_ATTEMPTS = [
    pytest.param(name, one, id=f"{name[:2]}.{one['exercise']} {one['what']}") for name in LABS for one in attempts(name)
]


def check_of(name: str, number: int, cells: list[Any]) -> str:
    """The cell that checks the exercise, as it stands in the notebook."""
    [found] = [one.source for one in cells if re.match(rf"lab\.check\({number}\b", one.source)]
    return str(found)


@pytest.fixture(scope="module")
def sessions(session_of: Callable[..., Any]) -> Iterator[Callable[[str], Any]]:
    """`sessions(lab)`: a kernel in which the untouched notebook has been run as far as its last check, without the checks.

    It ends as soon as another lab is asked for: brokers that idle have their share of a small machine.
    """
    opened: dict[str, Any] = {}
    with ExitStack() as stack:

        def session(name: str) -> Any:
            if name not in opened:
                stack.close()
                opened.clear()
                path = COURSE / ("notebooks" if name == PRACTICE else "labs") / f"{name}.ipynb"
                opened[name] = stack.enter_context(session_of(path))
                cells = [one.source for one in opened[name].cells]
                last = max(place for place, source in enumerate(cells) if source.startswith("lab.check("))
                for source in cells[:last]:
                    if not source.startswith(("lab.check(", "lab.hint(")):
                        answer = opened[name].run(source)
                        assert not answer.error, answer.error
                opened[name].run(f"lab = open_lab({name!r}, lab._broker, seed=7)")
                opened[name].run(f"import learnkafka.labs.scene as scene; scene.SECONDS_IN_ALL = {SECONDS * 3}")
            return opened[name]

        yield session


@pytest.mark.parametrize(("name", "number"), EXERCISES)
def test_an_untouched_exercise_is_not_attempted(name: str, number: int, sessions: Callable[[str], Any]) -> None:
    """Its card says so, it counts nothing, and nothing has failed."""
    session = sessions(name)
    if name != PRACTICE:
        session.run(session.cell(f"solution-{number}"))
    answer = session.run(check_of(name, number, session.cells))
    assert answer.verdict == "not attempted"
    assert answer.points == 0
    assert not answer.error


@pytest.mark.parametrize(("name", "attempt"), ALL_ATTEMPTS)
def test_an_attempt_is_answered(name: str, attempt: dict[str, Any], sessions: Callable[[str], Any]) -> None:
    """With its verdict, its misconception where one fits, and a message that says what was seen."""
    session = sessions(name)
    exercise = LABS[name][attempt["exercise"] - 1]
    seconds = SECONDS_WAITING_FOR_EVER if attempt["outcome"] == "timed out" else SECONDS
    session.run(f"scene.SECONDS_A_CALL = {seconds}")
    session.run(attempt["code"])
    answer = session.run(check_of(name, attempt["exercise"], session.cells))
    assert answer.verdict == attempt["outcome"], answer.card
    assert attempt["says"] in answer.card
    belief = getattr(misconceptions, attempt["misconception"]).belief if "misconception" in attempt else ""
    assert answer.belief == belief.replace("`", "`"), answer.card
    assert not answer.error
    assert answer.points == (exercise.points if attempt["outcome"] == "passed" else 0)
    if name != PRACTICE:
        for line in answers_lines(name, attempt["exercise"]) - set(map(str.strip, attempt["code"].splitlines())):
            assert line not in answer.card, "a verdict holds the answer's code"


@pytest.mark.parametrize("name", [name for name in LABS if name != PRACTICE])
def test_the_solution_passes_twice_in_one_kernel(name: str, session_of: Callable[..., Any]) -> None:
    """From top to bottom, and once more: each check gives full points both times, and nothing fails."""
    with session_of(COURSE / "solutions" / f"{name}.ipynb") as session:
        session.run(f"import learnkafka.labs.scene as scene; scene.SECONDS_A_CALL = {SECONDS}")
        for _ in range(2):
            for cell in session.cells:
                answer = session.run(cell.source)
                assert not answer.error, answer.error
                if found := re.match(r"lab\.check\((\d+)", cell.source):
                    assert answer.verdict == "passed", answer.card
                    assert answer.points == LABS[name][int(found[1]) - 1].points
        assert "of " in session.run("lab.progress()").text


@pytest.mark.parametrize(("name", "number"), EXERCISES)
def test_every_exercise_has_its_wrong_attempts(name: str, number: int) -> None:
    """At least two, and one for each misconception that its check recognises; and none names another."""
    exercise = LABS[name][number - 1]
    wrong = [one for one in attempts(name) if one["exercise"] == number and one["outcome"] != "passed"]
    assert len([one for one in wrong if one["outcome"] == "not yet"]) >= 2
    named = {one["misconception"] for one in wrong if "misconception" in one}
    assert {getattr(misconceptions, one).belief for one in named} == {one.belief for one in exercise.misconceptions}


@pytest.mark.parametrize(("name", "number"), EXERCISES)
def test_every_exercise_is_made_as_the_course_says(name: str, number: int) -> None:
    """A ladder of three rungs or more that begins with a question, a reason on passing, points; hints without the answer's lines."""
    exercise = LABS[name][number - 1]
    assert len(exercise.hints) >= 3
    assert "?" in exercise.hints[0]
    assert exercise.why
    assert exercise.points >= 1
    assert exercise.task
    if name != PRACTICE:
        for line in answers_lines(name, number):
            assert not any(line in hint for hint in exercise.hints)


@pytest.mark.parametrize("name", [name for name in LABS if name != PRACTICE])
def test_a_lab_has_its_exercises_and_a_stretch(name: str) -> None:
    """Three to five, and one to stretch in the end."""
    exercises = LABS[name]
    assert 3 <= len([one for one in exercises if not one.is_stretch]) <= 5
    assert exercises[-1].is_stretch


@pytest.mark.parametrize(("name", "number"), EXERCISES)
def test_the_notebook_has_the_task_word_for_word(name: str, number: int) -> None:
    """Title, points and task stand in the notebook as they do in the exercise."""
    exercise = LABS[name][number - 1]
    path = COURSE / ("notebooks" if name == PRACTICE else "labs") / f"{name}.ipynb"
    texts = [one.source for one in nbformat.read(path, as_version=4).cells if one.cell_type == "markdown"]
    [text] = [one for one in texts if exercise.task in one]
    if name != PRACTICE:
        kind = "Stretch exercise" if exercise.is_stretch else "Exercise"
        points = f"{exercise.points} point{'s' if exercise.points > 1 else ''}"
        assert text.startswith(f"## {kind} {number} · {exercise.title} ({points})\n")


def answers_lines(name: str, number: int) -> set[str]:
    """The lines of the solution that a learner is to write, but for those too short to give anything away."""
    cells = nbformat.read(COURSE / "solutions" / f"{name}.ipynb", as_version=4).cells
    [source] = [one.source for one in cells if one.metadata.get("nbgrader", {}).get("grade_id") == f"solution-{number}"]
    lines = source.split("### BEGIN SOLUTION")[1].split("### END SOLUTION")[0].splitlines()
    return {line.strip() for line in lines if len(line.strip()) > 25}
