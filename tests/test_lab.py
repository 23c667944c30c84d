"""The command that opens JupyterLab."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from learnkafka.errors import CourseError
from learnkafka.lab import FIRST_LESSON, course_directory, has_display, jupyter_command

COURSE = Path(__file__).parents[1]


def test_listens_on_this_machine_only_and_opens_the_first_lesson() -> None:
    """Bound to the loopback interface, in the course's directory, with our settings."""
    command = jupyter_command(COURSE, browser=False, port=8899)
    assert {"--ServerApp.ip=127.0.0.1", "--ServerApp.port=8899", f"--ServerApp.root_dir={COURSE}"} <= set(command)
    assert f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}" in command
    settings = next(Path(part.partition("=")[2]) for part in command if "app_settings_dir" in part)
    assert (settings / "overrides.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="how a display is told on Linux")
def test_opens_a_browser_only_where_it_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a display it prints the address; whoever asks for a browser gets one."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    assert not has_display()
    assert "--no-browser" in jupyter_command(COURSE, None, 8888)
    assert "--no-browser" not in jupyter_command(COURSE, True, 8888)
    monkeypatch.setenv("DISPLAY", ":0")
    assert "--no-browser" not in jupyter_command(COURSE, None, 8888)


def test_root_may_start_it() -> None:
    """In a container one is often root, and JupyterLab has to be told that this is meant."""
    assert ("--allow-root" in jupyter_command(COURSE, None, 8888)) == (os.geteuid() == 0)


def test_course_is_found_from_below(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In the course's directory or below it; the nearest one is taken."""
    lesson = tmp_path / "copy" / FIRST_LESSON
    lesson.parent.mkdir(parents=True)
    lesson.touch()
    (tmp_path / "copy/deep/down").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "copy/deep/down")
    assert course_directory() == tmp_path / "copy"


def test_without_a_course_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the package was installed without the notebooks, it says where it looked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("learnkafka.lab.__file__", str(tmp_path / "a/b/c/lab.py"))
    with pytest.raises(CourseError, match="The course isn't here"):
        course_directory()
