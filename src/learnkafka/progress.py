"""What a learner has done: one JSON file in the user's data directory, which stays on this machine.

`LEARNKAFKA_PROGRESS` names another file: tests and `learnkafka build` use it, so that they leave a person's own alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import platformdirs

from learnkafka.errors import CourseError
from learnkafka.files import locked, write_whole

FILE_VARIABLE = "LEARNKAFKA_PROGRESS"
_VERSION = 1


class ProgressError(CourseError):
    """The progress file could not be read or written."""


@dataclass
class ExerciseProgress:
    """How one exercise has gone."""

    attempts: int = 0
    passed: bool = False
    hints: int = 0  # the most rungs of its ladder that were seen in one sitting


@dataclass
class Answer:
    """What a learner chose when a question was last asked."""

    choice: int  # counted from 0
    right: bool


@dataclass
class Progress:
    """Everything that is kept. Keys: `"01-why-publish-subscribe/2"` for an exercise, a question's id for an answer."""

    exercises: dict[str, ExerciseProgress] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)

    def exercise(self, lab: str, number: int) -> ExerciseProgress:
        """The entry of an exercise, made when it isn't there."""
        return self.exercises.setdefault(f"{lab}/{number}", ExerciseProgress())


def progress_file() -> Path:
    """Where it lies."""
    return Path(os.environ.get(FILE_VARIABLE) or platformdirs.user_data_path("learnkafka") / "progress.json")


def read_progress() -> tuple[Progress, Path | None]:
    """What is kept, and where the file was set aside when it made no sense; raises ProgressError when it can't be read."""
    path = progress_file()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Progress(), None
    except UnicodeDecodeError:
        return Progress(), _set_aside(path)
    except OSError as error:
        raise ProgressError(f"Your progress can't be read from {path} ({error.strerror}); mend that.") from error
    try:
        content = json.loads(text)
        if content["version"] != _VERSION:
            raise ValueError(content["version"])
        progress = Progress(
            {key: ExerciseProgress(**entry) for key, entry in content["exercises"].items()},
            {key: Answer(**entry) for key, entry in content["answers"].items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return Progress(), _set_aside(path)
    return progress, None


def _set_aside(path: Path) -> Path:
    """Keep what can't be used, under a name of its own: somebody may want to look at it."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.unreadable-{number}{path.suffix}")).exists():
        number += 1
    try:
        path.replace(aside)
    except OSError as error:
        raise ProgressError(
            f"Your progress in {path} makes no sense, and can't be set aside ({error.strerror})."
        ) from error
    return aside


@contextmanager
def changing_progress() -> Iterator[Progress]:
    """Read, change and write it, while no other kernel does; raises ProgressError when it can't be written."""
    path = progress_file()
    try:
        with locked(path.with_name(f".{path.name}.lock")):
            progress, _ = read_progress()
            yield progress
            write_whole(path, json.dumps(asdict(progress) | {"version": _VERSION}, indent=1) + "\n")
    except OSError as error:
        raise ProgressError(
            f"Your progress can't be saved in {path} ({error.strerror}); mend that, and check again."
        ) from error


def reset_progress() -> bool:
    """Forget everything; says whether there was anything."""
    try:
        progress_file().unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ProgressError(f"{progress_file()} can't be removed ({error.strerror}); remove it by hand.") from error
    return True
