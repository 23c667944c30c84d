"""Opening the course in JupyterLab."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from learnkafka.errors import CourseError

FIRST_LESSON = Path("notebooks/00-start-here.ipynb")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def course_directory() -> Path:
    """The directory that holds the notebooks: this one, one above it, or where the package was installed from."""
    here = Path.cwd()
    for candidate in (here, *here.parents, Path(__file__).parents[2]):
        if (candidate / FIRST_LESSON).exists():
            return candidate
    raise CourseError(
        f"The course isn't here: {FIRST_LESSON} was expected in {here} or above it. Go to your clone of learnkafka."
    )


def jupyter_command(course: Path, browser: bool | None, port: int) -> list[str]:
    """The command that opens JupyterLab on the first lesson, reachable from this machine only."""
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={course}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--LabApp.default_url=/lab/tree/{FIRST_LESSON}",
        # No question about news, no look for a newer version: a classroom may have no network.
        f"--LabApp.app_settings_dir={Path(__file__).parent / 'jupyter_settings'}",
        f"--ContentsManager.pre_save_hook={__name__}.{without_widget_views.__name__}",
        # Only the address, which is printed at this level.
        "--Application.log_level=ERROR",
    ]
    if browser is False or (browser is None and not has_display()):
        command.append("--no-browser")
    if os.geteuid() == 0:
        command.append("--allow-root")
    return command


def has_display() -> bool:
    """Whether a browser that is opened here would be seen."""
    if sys.platform == "darwin":
        return "SSH_CONNECTION" not in os.environ
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"))


def without_widget_views(model: dict[str, Any], **_: object) -> None:
    """Save a notebook's widgets in their other forms only: a view needs the kernel that made it.

    JupyterLab would show "Error displaying widget" in the place of each when the notebook is opened the next day. It calls this before each save.
    """
    if model["type"] == "notebook" and model.get("content"):
        for cell in model["content"].get("cells", []):
            for output in cell.get("outputs", []):
                if len(data := output.get("data", {})) > 1:
                    data.pop(WIDGET_VIEW, None)
