"""Running lessons and solutions from a cold kernel, and saving them in the one form in which they are committed."""

from __future__ import annotations

import os
import re
import tempfile
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellExecutionError

from learnkafka.authoring.kernels import notebook_client
from learnkafka.errors import CourseError
from learnkafka.progress import FILE_VARIABLE

CELL_SECONDS = 120
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
KEPT_METADATA = {"nbgrader"}
MEASURED = {"tags": ["nbval-ignore-output"]}  # of a cell whose output is a measurement: no run compares it
WIDGET = "application/vnd.jupyter.widget-view+json"  # of no use without the kernel that made it


def lessons(course: Path) -> list[Path]:
    """The lessons' notebooks in their order."""
    return _numbered(course / "notebooks")


def solutions(course: Path) -> list[Path]:
    """The solved labs in their order; each lab in `labs/` is made from one."""
    return _numbered(course / "solutions")


def _numbered(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9][0-9]-*.ipynb"))


def built_notebook(path: Path) -> str:
    """The notebook's text after a run: outputs that compare, no times, no versions of the kernel.

    Raises CourseError when a cell raises, naming the cell.
    """
    notebook = nbformat.read(path, as_version=4)
    measured = {cell.source: cell.outputs for cell in notebook.cells if cell.metadata == MEASURED and cell.outputs}
    client = notebook_client(
        notebook,
        timeout=CELL_SECONDS,
        resources={"metadata": {"path": path.parent}},
        store_widget_state=False,
        # It would warn on the terminal that it talks to us in plain text, on the loopback interface.
        extra_arguments=["--log-level=ERROR"],
    )
    with tempfile.TemporaryDirectory() as scratch:
        # A run begins without progress, and leaves the author's own alone.
        environment = os.environ | {FILE_VARIABLE: str(Path(scratch) / "progress.json")}
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            raise CourseError(f"{path.name} doesn't run: {error}") from None
    rules = sanitising_rules()
    notebook.metadata = nbformat.from_dict(KERNEL)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{path.stem[:2]}-{number:02}"
        if cell.metadata.get("tags") != MEASURED["tags"]:
            kept = {key: cell.metadata[key] for key in KEPT_METADATA & set(cell.metadata)}
            cell.metadata = nbformat.from_dict(kept)
        else:
            cell.metadata = nbformat.from_dict(MEASURED)
            cell.outputs = measured.get(cell.source, cell.outputs)  # as saved, so that a run changes nothing
        if cell.cell_type == "code":
            cell.outputs = [_normalised(output, rules) for output in _joined(cell.outputs)]
    return as_text(notebook)


def as_text(notebook: Any) -> str:
    """As it is written to a file."""
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)) + "\n"


def sanitising_rules() -> list[tuple[re.Pattern[str], str]]:
    """nbval's own file of what may differ between runs, so that building and comparing agree."""
    parser = RawConfigParser()
    parser.read(Path(__file__).parent / "sanitize.cfg", encoding="ascii")
    return [(re.compile(parser[section]["regex"]), parser[section]["replace"]) for section in parser.sections()]


def _joined(outputs: list[Any]) -> list[Any]:
    """Pieces of one stream as one output: how a stream is cut depends on time."""
    joined: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and joined and joined[-1].get("name") == output.name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _normalised(output: Any, rules: list[tuple[re.Pattern[str], str]]) -> Any:
    if output.output_type == "stream":
        for pattern, replacement in rules:
            output.text = pattern.sub(replacement, output.text)
    elif "data" in output:
        output.data.pop(WIDGET, None)
    return output
