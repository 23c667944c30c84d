"""A notebook with questions compares, as nbval compares the lessons."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from learnkafka.authoring.kernels import notebook_client

CELLS = [
    "from learnkafka.questions import predict, recall, texts\n\n"
    "prediction = predict(texts.PREDICTIONS[0].id)\nprediction",
    "prediction.explain()",
    'recall("00")',
]


def test_nbval_finds_every_run_alike(tmp_path: Path) -> None:
    """Run once and saved, it compares twice; nothing on standard error, and nothing is skipped."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in CELLS])
    notebook_client(notebook, extra_arguments=["--log-level=ERROR"]).execute()
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    assert [output.output_type for output in outputs] == ["execute_result"] * 3
    nbformat.write(notebook, tmp_path / "questions.ipynb")
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--nbval", "-p", "no:cacheprovider", "-q", "questions.ipynb"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert "3 passed" in done.stdout
        assert done.stderr == ""
