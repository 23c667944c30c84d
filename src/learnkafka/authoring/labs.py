"""Making a lab from its solution, with nbgrader's own preprocessors: what a teacher releases with nbgrader is the same."""

from __future__ import annotations

import nbformat

from learnkafka.authoring.notebooks import as_text
from learnkafka.errors import CourseError

GAP = "..."  # what a learner finds in the place of the solution: valid Python, and the checks know it


def lab_from(solution: str) -> str:
    """The lab's text: gaps for solutions, no outputs, checksums in the cells that are not to be changed."""
    try:
        from nbgrader import preprocessors
    except ImportError:
        raise CourseError("Labs are made with nbgrader, which isn't installed; run `make env-test`.") from None
    from traitlets.config import Config

    notebook = nbformat.reads(solution, as_version=4)
    config = Config()
    config.ClearSolutions.code_stub = {"python": GAP}
    for step in (
        preprocessors.LockCells,
        preprocessors.ClearSolutions,
        preprocessors.ClearOutput,
        preprocessors.ComputeChecksums,
        preprocessors.CheckCellMetadata,
    ):
        notebook, _ = step(config=config).preprocess(notebook, {})
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return as_text(notebook)
