"""`learnkafka validate`: notebooks are run, and what each cell shows is compared with what is saved in it.

The comparing is nbval's. What it would let pass is found before: a cell that was never run has nothing to be compared
with, and a run that compares nothing would be a success.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import nbformat

from learnkafka.authoring import kernels
from learnkafka.authoring.notebooks import CELL_SECONDS
from learnkafka.errors import CourseError
from learnkafka.progress import FILE_VARIABLE

SANITISE = Path(__file__).parent / "sanitize.cfg"
TOOLS = {"pytest": "pytest", "nbval": "nbval", "xdist": "pytest-xdist"}
KIND_VARIABLE = "LEARNKAFKA_BROKER"
_IGNORED = re.compile(r"^#\s*(NBVAL_IGNORE_OUTPUT|PYTEST_VALIDATE_IGNORE_OUTPUT)\b", re.MULTILINE)

Report = Callable[[str], None]


@dataclass
class Compared:
    """What came of one run."""

    cells: int = 0
    skipped: int = 0
    differing: list[str] = field(default_factory=list)


def notebooks_in(paths: Iterable[Path]) -> list[Path]:
    """The notebooks that are named, and those in the folders that are named; raises CourseError where there are none."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise CourseError(f"There is no {path} here; name notebooks, or folders that hold some.")
        inside = sorted(_below(path)) if path.is_dir() else [path]
        if not inside:
            raise CourseError(f"There is no notebook (*.ipynb) in {path}, so nothing would be compared.")
        found += [one for one in inside if one not in found]
    return found


def _below(folder: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(folder):
        # Neither checkpoints nor an environment's own notebooks.
        names[:] = [
            name for name in names if not name.startswith(".") and not Path(directory, name, "pyvenv.cfg").exists()
        ]
        yield from (Path(directory, name) for name in files if name.endswith(".ipynb"))


def traps(path: Path) -> list[str]:
    """What would keep this notebook's cells from being compared, a sentence each."""
    try:
        cells = _code_cells(path)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, nbformat.ValidationError) as error:
        return [f"{path} can't be read as a notebook ({type(error).__name__})."]
    return [
        f"{_place(path, cells, number)} was never run, so there is nothing to compare: run the notebook from top to "
        "bottom and save it."
        for number, cell in enumerate(cells)
        if cell.source.strip() and cell.execution_count is None
    ]


def _code_cells(path: Path) -> list[Any]:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _place(path: Path, cells: list[Any], number: int) -> str:
    first = next((line.strip() for line in cells[number].source.splitlines() if line.strip()), "")
    return f"{path}, code cell {number + 1} ({first[:60]}{'…' if len(first) > 60 else ''})"


def validate(notebooks: list[Path], kind: str, workers: int) -> Compared:
    """Run the notebooks on a broker of the kind, each in a kernel of its own; what nbval says goes to this terminal.

    The kernels have this Python, and begin without a learner's progress. Raises CourseError when there could be no run.
    """
    if missing := [name for module, name in TOOLS.items() if find_spec(module) is None]:
        raise CourseError(
            f"Notebooks are compared with {' and '.join(missing)}, which isn't installed; install learnkafka[validate]."
        )
    paths = {path.resolve(): path for path in notebooks}
    root = Path(os.path.commonpath([path.parent for path in paths]))
    spread = ["-n", str(min(workers, len(paths))), "--dist", "loadscope"] if min(workers, len(paths)) > 1 else []
    with tempfile.TemporaryDirectory() as scratch:
        results = Path(scratch) / "results.xml"
        environment = os.environ | {KIND_VARIABLE: kind, FILE_VARIABLE: str(Path(scratch) / "progress.json")}
        environment.pop("PYTEST_ADDOPTS", None)
        command = [
            *(sys.executable, "-m", "pytest"),
            # The notebooks decide, and no settings, plug-ins and fixtures that lie around them.
            *("-c", os.devnull, "--rootdir", str(root), "--noconftest", "-p", "no:cacheprovider"),
            *("-p", kernels.__name__),
            *("-q", "--no-header", "--tb=short", "--color=no", f"--junitxml={results}"),
            *("--nbval", "--nbval-current-env", f"--nbval-cell-timeout={CELL_SECONDS}"),
            *("--nbval-sanitize-with", str(SANITISE), *spread),
            *map(str, paths),
        ]
        status = subprocess.run(command, cwd=root, env=environment, check=False).returncode
        if status not in (0, 1) or not results.exists():
            raise CourseError(f"The notebooks couldn't be compared: pytest ended with status {status}; see above.")
        tree = ElementTree.parse(results)  # noqa: S314 - pytest has just written it
    return _read(tree, {path.relative_to(root).as_posix().replace("/", "."): shown for path, shown in paths.items()})


def _read(results: Any, paths: dict[str, Path]) -> Compared:
    """pytest's results, with each cell by the notebook that it stands in."""
    compared = Compared()
    for case in results.iter("testcase"):
        path, name = paths.get(case.get("classname", "")), case.get("name", "")
        failure = case.find("failure") if case.find("failure") is not None else case.find("error")
        if failure is not None:
            compared.differing.append(_told(path, name, "".join(failure.itertext())))
        elif case.find("skipped") is not None:
            compared.skipped += 1
        elif path and name.startswith("Cell ") and _is_compared(_code_cells(path)[int(name[5:])]):
            compared.cells += 1
    return compared


def _told(path: Path | None, name: str, text: str) -> str:
    if path is None or not name.startswith("Cell "):
        return f"{path or name}: it could not be run (see above)."
    what = "shows something else than what is saved"
    if "caused an exception" in text:
        what = "raised an error"
    elif re.search(r"Timeout of \S+ seconds", text):
        what = f"did not end within {CELL_SECONDS} s"
    return f"{_place(path, _code_cells(path), int(name[5:]))} {what}."


def _is_compared(cell: Any) -> bool:
    """Whether there is code, whose output isn't left out of the comparing."""
    tags = cell.metadata.get("tags", [])
    return bool(cell.source.strip()) and "nbval-ignore-output" not in tags and not _IGNORED.search(cell.source)
