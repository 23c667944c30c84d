"""A lab as a learner holds it: checks, hints, progress."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from learnkafka.broker import Broker
from learnkafka.errors import BrokerError, BrokerUnreachableError, CourseError
from learnkafka.labs.calling import DeadlineError, GapError, LearnerError
from learnkafka.labs.capturing import captured
from learnkafka.labs.card import Card, ProgressTable, hint_card, verdict_card
from learnkafka.labs.cells import CellWatch
from learnkafka.labs.exercise import Exercise, Handed
from learnkafka.labs.exercises import LABS
from learnkafka.labs.scene import Scene
from learnkafka.labs.showing import counted, said, shown
from learnkafka.labs.source import leaves_producer_open
from learnkafka.labs.verdict import Outcome, Verdict, not_attempted
from learnkafka.progress import ProgressError, changing_progress, read_progress

_NOTHING = object()


def open_lab(name: str, broker: Broker, *, seed: int | None = None) -> Lab:
    """The lab of that name (`"01-why-publish-subscribe"`), checked on that broker.

    The data of its checks vary; with a `seed` they are the same again. Raises CourseError when there is no such lab.
    """
    if name not in LABS:
        raise CourseError(f"There is no lab {name!r}; there are {', '.join(LABS)}.")
    if not isinstance(broker, Broker):
        raise CourseError(
            f"A lab is opened with a broker: open_lab({name!r}, broker); this is {type(broker).__name__}."
        )
    return Lab(name, LABS[name], broker, Random(seed))  # noqa: S311 - which orders a check takes is no secret


@dataclass(frozen=True, repr=False)
class Score:
    """What a check gives back. Its plain form is the number of points alone, since nbgrader reads that as the score."""

    verdict: Verdict
    points: int
    of: int

    def __repr__(self) -> str:
        return str(self.points)

    def _repr_html_(self) -> str:
        return f"<small>{self.points} of {counted(self.of, 'point')}</small>"


class Lab:
    """An open lab; exercises are numbered from 1."""

    def __init__(self, name: str, exercises: Sequence[Exercise], broker: Broker, random: Random) -> None:
        self._name = name
        self._exercises = exercises
        self._broker = broker
        self._random = random
        self._rungs: dict[int, int] = {}
        self._memories: dict[int, dict[str, Any]] = {}
        self._left: list[str] = []  # groups in which the learner's code keeps a consumer open
        self._watch = CellWatch(self._say_missing)
        if shell := _shell():
            self._watch.attach(shell)

    def __repr__(self) -> str:
        points = sum(exercise.points for exercise in self._exercises)
        return f"<Lab {self._name}: {counted(len(self._exercises), 'exercise')}, {counted(points, 'point')}>"

    def given(self, number: int) -> Any:
        """What an exercise starts from, other data each time; None where it starts from nothing."""
        exercise = self._exercise(number)
        self._memories[number] = {}
        with self._scene(number) as scene:
            material = exercise.given(scene)
        if material is None:
            raise CourseError(f"Exercise {number} has nothing to give out; what it needs is in the task.")
        return material

    def check(self, number: int, attempt: object = _NOTHING) -> Score:
        """Show what is to be said of the attempt, in at most half a minute, and give its points."""
        exercise = self._exercise(number)
        verdict, notes = self._judged(number, exercise, attempt)
        if failure := self._watch.failure:
            if verdict.outcome is Outcome.NOT_ATTEMPTED or (
                verdict.outcome is Outcome.WRONG and exercise.handed is Handed.NOTHING
            ):
                headline = f"The cell that you ran before this check {failure.what}."
                verdict = Verdict(Outcome.RAISED, headline, observed=verdict.observed, line=failure.line)
            else:
                where = f" at its line {failure.line.number}, {failure.line.text}" if failure.line else ""
                notes.append(
                    f"The cell that you ran before this check {failure.what}{where}; what it made before is what was checked."
                )
        if verdict.outcome not in (Outcome.NOT_ATTEMPTED, Outcome.UNREACHABLE, Outcome.REDIS_UNREACHABLE):
            notes += self._recorded(number, verdict.passed)
        self._show(number, verdict, " ".join(notes))
        return Score(verdict, exercise.points if verdict.passed else 0, exercise.points)

    def hint(self, number: int) -> None:
        """Show the next rung of the exercise's ladder; the last one is marked, and shown again after that."""
        hints = self._exercise(number).hints
        rung = self._rungs[number] = min(self._rungs.get(number, 0) + 1, len(hints))
        try:
            with changing_progress() as progress:
                entry = progress.exercise(self._name, number)
                entry.hints = max(entry.hints, rung)
        except ProgressError:
            pass  # a hint is worth more than its count; the next check says what is wrong
        _display(hint_card(self._title(number), rung, len(hints), hints[rung - 1]))

    def progress(self) -> ProgressTable:
        """Which exercises are done, on this machine and also before today."""
        done, aside = read_progress()
        if aside:
            print(f"What was kept before made no sense, and was set aside as {aside.name}.")  # noqa: T201
        rows = [
            (self._title(number), exercise.points, done.exercise(self._name, number).passed)
            for number, exercise in enumerate(self._exercises, start=1)
        ]
        return ProgressTable(f"Lab {self._name}", tuple(rows))

    def _exercise(self, number: int) -> Exercise:
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= len(self._exercises):
            titles = "; ".join(f"{place} {exercise.title}" for place, exercise in enumerate(self._exercises, start=1))
            raise CourseError(f"There is no exercise {shown(number)} in lab {self._name}; there are: {titles}.")
        return self._exercises[number - 1]

    def _title(self, number: int) -> str:
        exercise = self._exercises[number - 1]
        return f"{'Stretch exercise' if exercise.is_stretch else 'Exercise'} {number}, {exercise.title}"

    def _scene(self, number: int) -> Scene:
        random = Random(self._random.getrandbits(64))  # noqa: S311 - as in open_lab
        return Scene(self._broker, random, self._memories.setdefault(number, {}), self._left)

    def _judged(self, number: int, exercise: Exercise, attempt: object) -> tuple[Verdict, list[str]]:
        if problem := _unfit(exercise, number, attempt):
            return problem, []
        notes: list[str] = []
        try:
            with captured(), self._scene(number) as scene:
                verdict = replace(_verdict(exercise, scene, attempt), printed=scene.printed.text)
            if set(scene.left) - set(self._left):
                notes.append("Your function leaves a consumer open; with KafkaConsumer(…) as consumer closes it.")
            self._left = scene.left
            if verdict.passed and leaves_producer_open(attempt):
                notes.append("Your function never closes its producer; with KafkaProducer(…) as producer closes it.")
        except BrokerUnreachableError as error:
            verdict = Verdict(Outcome.UNREACHABLE, f"{error} After that, run the cell that opens the lab.")
        return verdict, notes

    def _recorded(self, number: int, passed: bool) -> list[str]:
        try:
            with changing_progress() as progress:
                entry = progress.exercise(self._name, number)
                entry.attempts += 1
                entry.passed |= passed
        except ProgressError as error:
            return [str(error)]
        return []

    def _say_missing(self, number: int, name: str) -> None:
        """A check was handed a name that no cell has made."""
        if not 1 <= number <= len(self._exercises):
            return
        if failure := self._watch.failure:
            verdict = Verdict(
                Outcome.RAISED,
                f"There is no {name} yet: the cell before {failure.what}.",
                line=failure.line,
            )
        else:
            verdict = not_attempted(f"There is no {name} yet. Run the cell above that makes it, then check again.")
        self._show(number, verdict, "")

    def _show(self, number: int, verdict: Verdict, note: str) -> None:
        exercise = self._exercises[number - 1]
        _display(verdict_card(self._title(number), verdict, why=exercise.why, hint=f"lab.hint({number})", note=note))


def _unfit(exercise: Exercise, number: int, attempt: object) -> Verdict | None:
    """What can be said of what was handed over without trying it."""
    if exercise.handed is Handed.NOTHING:
        return None
    if attempt is _NOTHING or attempt is None or attempt is Ellipsis:
        return not_attempted(f"This check calls a function of yours: lab.check({number}, its_name).")
    if inspect.isgeneratorfunction(attempt) or inspect.iscoroutinefunction(attempt):
        kind = "a coroutine (async def)" if inspect.iscoroutinefunction(attempt) else "a generator (it has a yield)"
        return Verdict(
            Outcome.WRONG,
            "Nothing in your function ran when it was called.",
            expected="a function that does its work when it is called, and returns the result",
            observed=kind,
        )
    if not callable(attempt):
        return Verdict(
            Outcome.WRONG,
            "This check calls a function of yours; hand over the function itself, without calling it.",
            expected=f"lab.check({number}, its_name)",
            observed=f"{shown(attempt)}, which is of type {type(attempt).__name__}",
        )
    return None


def _verdict(exercise: Exercise, scene: Scene, attempt: Any) -> Verdict:
    try:
        return exercise.check(scene, attempt)
    except GapError as gap:
        return Verdict(
            Outcome.NOT_ATTEMPTED, "There is still a gap in your code; put your own in its place.", line=gap.line
        )
    except LearnerError as raised:
        scene.observer.topics()  # raises when the cause is the broker
        if isinstance(raised.error, KeyboardInterrupt):
            return Verdict(Outcome.RAISED, "You interrupted your function while it was checked.", line=raised.line)
        return Verdict(
            Outcome.RAISED, f"Your function raised {said(raised.error)}. {raised.when}".strip(), line=raised.line
        )
    except DeadlineError as late:
        scene.observer.topics()
        return Verdict(
            Outcome.TIMED_OUT,
            f"Your function was still running after {late.seconds:.0f} seconds, and was stopped. {late.when or exercise.late}",
            line=late.line,
        )
    except BrokerUnreachableError:
        raise
    except BrokerError as error:
        if not scene.broker.is_running:
            raise BrokerUnreachableError(str(error)) from error
        raise


def _shell() -> Any:
    from IPython import get_ipython

    return get_ipython()


def _display(card: Card) -> None:
    from IPython.display import display

    display(card)  # type: ignore[no-untyped-call]
