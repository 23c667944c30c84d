"""What a learner has done is kept, whole, and in one file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from learnkafka.cli import app
from learnkafka.labs import LABS
from learnkafka.progress import (
    FILE_VARIABLE,
    Answer,
    ProgressError,
    changing_progress,
    progress_file,
    read_progress,
    reset_progress,
)


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A progress file of the test's own, which isn't there yet."""
    path = tmp_path / "data" / "progress.json"
    monkeypatch.setenv(FILE_VARIABLE, str(path))
    return path


def pass_one() -> None:
    """Exercise 2 of lab 01, after two checks and a hint."""
    with changing_progress() as progress:
        entry = progress.exercise("01-why-publish-subscribe", 2)
        entry.attempts, entry.passed, entry.hints = 2, True, 1
        progress.answers["01-billing-down"] = Answer(choice=1, right=True)


def test_it_lies_in_the_users_data_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unless somebody says otherwise."""
    monkeypatch.delenv(FILE_VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert progress_file() == tmp_path / "learnkafka" / "progress.json"


def test_nothing_done_is_no_error() -> None:
    """There is no file before there is something to keep."""
    progress, aside = read_progress()
    assert (progress.exercises, progress.answers, aside) == ({}, {}, None)


def test_it_is_kept_across_processes(file: Path) -> None:
    """Written by one, read by another."""
    pass_one()
    code = "from learnkafka.progress import read_progress; print(read_progress()[0].exercise('01-why-publish-subscribe', 2))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "ExerciseProgress(attempts=2, passed=True, hints=1)\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"version": 2}',
        b"\xff\xfe",
        b'{"version": 1, "exercises": {"a": 3}, "answers": {}}',
    ],
)
def test_a_corrupt_file_is_set_aside(content: bytes, file: Path) -> None:
    """It is kept under another name, nothing is fatal, and what is done from then on counts."""
    file.parent.mkdir()
    file.write_bytes(content)
    progress, aside = read_progress()
    assert not progress.exercises
    assert aside is not None
    assert aside.read_bytes() == content
    assert not file.exists()
    pass_one()
    assert read_progress()[0].exercise("01-why-publish-subscribe", 2).passed
    file.write_bytes(content)
    _, second = read_progress()
    assert second not in (None, aside)


def test_a_file_is_never_seen_half_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing fails, what was there is there, and no draft is left."""
    pass_one()
    before = file.read_text(encoding="utf-8")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ProgressError, match=r"can't be saved .*No space left on device"):
        pass_one()
    assert file.read_text(encoding="utf-8") == before
    assert [
        one.name for one in file.parent.iterdir() if one.name.count("progress.json") and "lock" not in one.name
    ] == ["progress.json"]


def test_a_directory_that_cannot_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is where the directory should be."""
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "taken" / "progress.json"))
    with pytest.raises(ProgressError, match="can't be saved"):
        pass_one()


def test_kernels_at_the_same_time_lose_nothing(file: Path) -> None:
    """Four processes count to 25 each."""
    code = (
        "from learnkafka.progress import changing_progress\n"
        "for _ in range(25):\n"
        "    with changing_progress() as progress:\n"
        "        progress.exercise('lab', 1).attempts += 1\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code], env=os.environ) for _ in range(4)]
    assert [one.wait(60) for one in processes] == [0] * 4
    assert json.loads(file.read_text(encoding="utf-8"))["exercises"]["lab/1"]["attempts"] == 100


def test_the_command_prints_every_exercise_and_what_was_done() -> None:
    """All labs, whatever is done; and how the questions went."""
    pass_one()
    command = [sys.executable, "-m", "learnkafka", "progress"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"COLUMNS": "140"})
    for name, exercises in LABS.items():
        assert name in done.stdout
        assert all(exercise.title in done.stdout for exercise in exercises)
    [line] = [line for line in done.stdout.splitlines() if "Billing catches up" in line]
    assert line.split()[-7:] == ["2", "of", "2", "✓", "passed", "2", "1"]
    assert "Questions: 1 of 1 right when last asked." in done.stdout


def test_the_command_says_that_a_file_was_set_aside(file: Path) -> None:
    """And goes on."""
    file.parent.mkdir()
    file.write_text("{")
    done = CliRunner().invoke(app, ["progress"])
    assert done.exit_code == 0
    assert "set aside as" in done.stderr


def test_reset_starts_over() -> None:
    """And says whether there was anything."""
    pass_one()
    assert "forgotten" in CliRunner().invoke(app, ["progress", "--reset"]).stdout
    assert not read_progress()[0].exercises
    assert "no progress to forget" in CliRunner().invoke(app, ["progress", "--reset"]).stdout
    assert not reset_progress()
