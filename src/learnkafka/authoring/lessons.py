"""Running a lesson from a cold kernel, and saving it in the one form in which it is committed."""

from __future__ import annotations

import re
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from learnkafka.errors import CourseError

CELL_SECONDS = 120
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def lessons(course: Path, only: list[str]) -> list[Path]:
    """The lessons' notebooks in their order; those whose names begin with one of `only`, where given."""
    found = sorted((course / "notebooks").glob("[0-9][0-9]-*.ipynb"))
    chosen = [path for path in found if not only or path.name.startswith(tuple(only))]
    if not chosen:
        names = ", ".join(path.stem for path in found)
        raise CourseError(f"No lesson begins with {' or '.join(only)}; there are {names}.")
    return chosen


def built_lesson(path: Path) -> str:
    """The notebook's text after a run: outputs that compare, no times, no versions of the kernel.

    Raises CourseError when a cell raises, naming the cell.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": path.parent}},
        # It would warn on the terminal that it talks to us in plain text, on the loopback interface.
        extra_arguments=["--log-level=ERROR"],
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise CourseError(f"{path.name} doesn't run: {error}") from None
    rules = sanitising_rules()
    notebook.metadata = nbformat.from_dict(KERNEL)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{path.stem[:2]}-{number:02}"
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.outputs = [_normalised(output, rules) for output in _joined(cell.outputs)]
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
    return output
