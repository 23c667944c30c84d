"""`learnkafka validate`, in a repository that isn't the course's: what is true passes, whatever lies or hides is named."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from learnkafka.authoring.validate import notebooks_in, traps
from learnkafka.errors import CourseError

COURSE = Path(__file__).parents[1]
START = "from learnkafka import start_broker\nbroker = start_broker()"
SEND = (
    "from kafka import KafkaProducer\nwith KafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:\n"
    "    print(producer.send(broker.topic('parcels'), b'to Zoe').get(timeout=20).offset)"
)
Write = Callable[..., Path]


def cell(source: str, shows: str = "", *tags: str, run: bool = True) -> Any:
    """A cell of code as saved."""
    outputs = [new_output("stream", name="stdout", text=shows)] if shows else []
    metadata = {"tags": list(tags)} if tags else {}
    return new_code_cell(source, outputs=outputs, execution_count=1 if run else None, metadata=metadata)


@pytest.fixture
def lesson(tmp_path: Path) -> Write:
    """`lesson("01-x", cell, …)`: a notebook in another repository, made with a kernel that isn't here."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")  # theirs plays no part
    (tmp_path / "conftest.py").write_text("raise SystemExit('conftest.py was read')\n")

    def write(name: str, *cells: Any) -> Path:
        notebook = new_notebook(cells=[new_markdown_cell("# A lesson"), *cells])
        notebook.metadata["kernelspec"] = {"display_name": "Theirs", "language": "python", "name": "their-own-kernel"}
        path = tmp_path / f"lessons/{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, path)
        return path

    return write


def validate(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, called in the other repository."""
    settings = {
        name: value for name, value in os.environ.items() if name not in ("LEARNKAFKA_REQUIRE_ALL", "PYTEST_ADDOPTS")
    }
    return subprocess.run(
        [sys.executable, "-m", "learnkafka", "validate", *arguments],
        cwd=folder,
        env=settings | {"COLUMNS": "200"} | environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def test_a_true_lesson_passes_and_a_lie_is_named(lesson: Write, tmp_path: Path) -> None:
    """On a real broker, two at a time: exit code 1, the cell by its place and first line, and what it showed."""
    lesson("01-true", cell(START), cell(SEND, "0\n"))
    lesson("02-lies", cell(START), cell(SEND, "1\n"), cell("raise ValueError('no')"))
    done = validate(tmp_path, "lessons", "--kind", "embedded", PYTEST_ADDOPTS="--no-such-option")
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.splitlines() == [
        "lessons/02-lies.ipynb, code cell 2 (from kafka import KafkaProducer) shows something else than what is saved.",
        "lessons/02-lies.ipynb, code cell 3 (raise ValueError('no')) raised an error.",
    ]
    assert "2 notebooks on the embedded broker" in done.stdout
    assert "'1\\n' == '0\\n'" in done.stdout
    assert "on the embedded broker 3 cells show what is saved, 2 don't." in done.stdout


def test_what_is_true_alone(lesson: Write, tmp_path: Path) -> None:
    """Exit code 0, nothing on standard error, the learner's progress as it was, and nothing left beside the notebooks."""
    lesson("01-true", cell(START), cell(SEND, "0\n"), cell("print(broker.is_running)", "True\n"))
    progress = tmp_path / "progress.json"
    done = validate(tmp_path, "--kind", "embedded", LEARNKAFKA_PROGRESS=str(progress))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "on the embedded broker 3 cells show what is saved, 0 don't." in done.stdout
    assert not progress.exists()
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["01-true.ipynb", "conftest.py", "lessons", "pytest.ini"]


def test_a_cell_that_was_never_run_is_an_error(lesson: Write, tmp_path: Path) -> None:
    """nbval alone passes over it; here nothing is run until it was."""
    lesson("01-new", cell("print(1)", "1\n"), cell("print('a lie')", run=False), cell("  \n", run=False))
    lesson("02-sound", cell("print(1)", "1\n"))
    done = validate(tmp_path, "lessons", "--kind", "embedded")
    assert done.returncode == 1
    assert "lessons/01-new.ipynb, code cell 2 (print('a lie')) was never run" in done.stderr
    assert done.stderr.splitlines()[-1] == "learnkafka: Nothing was run."
    assert len(done.stderr.splitlines()) == 2
    assert "notebooks on" not in done.stdout


def test_skipped_cells_are_counted_and_may_be_forbidden(lesson: Write, tmp_path: Path) -> None:
    """By tag or comment; a cell whose output is left out of the comparing is run, and isn't counted as compared."""
    lesson(
        "01-some",
        cell("print(1)", "1\n"),
        cell("print(2)", "3\n", "nbval-skip"),
        cell("# NBVAL_SKIP\nprint(2)", "3\n"),
        cell("print(2)", "3\n", "nbval-ignore-output"),
    )
    done = validate(tmp_path, "lessons", "--kind", "embedded")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 cells show what is saved, 0 don't, 2 were skipped." in done.stdout
    done = validate(tmp_path, "lessons", "--kind", "embedded", LEARNKAFKA_REQUIRE_ALL="1")
    assert done.returncode == 1
    assert "Cells were skipped, and LEARNKAFKA_REQUIRE_ALL allows no skips." in done.stderr


def test_a_run_that_compares_nothing_fails(lesson: Write, tmp_path: Path) -> None:
    """All skipped."""
    lesson("01-none", cell("print(1)", "2\n", "nbval-skip"))
    done = validate(tmp_path, "lessons", "--kind", "embedded")
    assert done.returncode == 1
    assert "No cell was compared" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (["nowhere"], {}, "There is no nowhere here"),
        (["empty"], {}, "There is no notebook"),
        (["lessons", "--kind", "cloud"], {}, "There is no kind of broker 'cloud'"),
        (["lessons", "--kind", "existing"], {"KAFKA_BOOTSTRAP_SERVERS": ""}, "No cluster is named"),
        (["lessons", "--kind", "container"], {"DOCKER_HOST": "unix:///nowhere.sock"}, "No Docker answers"),
        (["lessons"], {"DOCKER_HOST": "unix:///nowhere.sock", "LEARNKAFKA_REQUIRE_ALL": "1"}, "No Docker answers"),
        (["lessons", "--kind", "embedded"], {"XDG_CACHE_HOME": "/nonexistent"}, "Run `learnkafka fetch`"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    lesson: Write, tmp_path: Path, arguments: list[str], environment: dict[str, str], sentence: str
) -> None:
    """Exit code 1, before anything is run."""
    lesson("01-sound", cell("print(1)", "1\n"))
    (tmp_path / "empty").mkdir()
    done = validate(tmp_path, *arguments, **environment)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_which_notebooks(lesson: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, in order; not checkpoints, and not those of a virtual environment."""
    monkeypatch.chdir(tmp_path)
    first, second = lesson("01-a"), lesson("02-b")
    for hidden in (".ipynb_checkpoints/x.ipynb", "env/share/y.ipynb"):
        (tmp_path / hidden).parent.mkdir(parents=True)
        (tmp_path / hidden).touch()
    (tmp_path / "env/pyvenv.cfg").touch()
    found = [first.relative_to(tmp_path), second.relative_to(tmp_path)]
    assert notebooks_in([Path(), *found]) == found
    (tmp_path / "empty").mkdir()
    with pytest.raises(CourseError, match="no notebook"):
        notebooks_in([Path("empty")])


@pytest.mark.parametrize("text", ["", "{}", "not JSON", '{"cells": [1], "nbformat": 4, "nbformat_minor": 5}'])
def test_what_is_no_notebook(tmp_path: Path, text: str) -> None:
    """One sentence."""
    (tmp_path / "x.ipynb").write_text(text)
    [sentence] = traps(tmp_path / "x.ipynb")
    assert "can't be read as a notebook" in sentence


def test_the_tests_and_the_workflow_use_this_command() -> None:
    """So what docs/ci.md gives to others is what the course itself is validated with."""
    for name in ("tools/test", ".github/workflows/course.yml", "docs/ci.md"):
        lines = [
            line for line in (COURSE / name).read_text(encoding="utf-8").splitlines() if "learnkafka validate" in line
        ]
        assert lines, name
        assert "--nbval" not in (COURSE / name).read_text(encoding="utf-8")
    [line] = [one for one in (COURSE / "tools/test").read_text(encoding="utf-8").splitlines() if "validate" in one]
    assert shlex.split(line, comments=True) == ["learnkafka", "validate", "--workers", "3", "notebooks", "solutions"]
