"""One learner of a class: runs solutions from top to bottom, a kernel each, and writes down what the checks said.

python -m benchmarks.learner OUTCOME.json LAB...
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import nbformat

from learnkafka.authoring.kernels import notebook_client

COURSE = Path(__file__).parents[1]
CELL_SECONDS = 600  # a class on two cores needs patience


def main(outcome: Path, labs: list[str]) -> None:
    """Do the labs one after the other; the time runs from the first kernel's start."""
    began = time.perf_counter()
    verdicts: dict[str, list[str]] = {}
    for lab in labs:
        notebook = nbformat.read(COURSE / "solutions" / f"{lab}.ipynb", as_version=4)
        # Files that a solution writes are this learner's own.
        where = {"metadata": {"path": str(outcome.parent)}}
        client = notebook_client(
            notebook,
            timeout=CELL_SECONDS,
            startup_timeout=CELL_SECONDS,
            resources=where,
        )
        client.execute()
        verdicts[lab] = [
            cell.outputs[0].data["text/plain"]
            for cell in notebook.cells
            if cell.metadata.get("nbgrader", {}).get("grade")
        ]
        outcome.write_text(json.dumps([time.perf_counter() - began, verdicts]), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
