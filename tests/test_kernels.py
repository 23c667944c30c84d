"""Kernels that are talked to through sockets in the file system."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import psutil
import pytest
from nbclient.exceptions import CellTimeoutError
from nbformat.v4 import new_code_cell, new_notebook

from learnkafka.authoring.kernels import notebook_client
from tests.left import alive

if TYPE_CHECKING:
    from nbclient import NotebookClient

LISTENING = """
import psutil
print(len([one for one in psutil.Process().net_connections() if one.status == "LISTEN"]))
"""
OWN = "1\n"  # the debugger's, which the kernel chooses and binds in one; with Jupyter's five there would be six


def test_a_kernel_is_given_no_port(own_tmp: Path) -> None:
    """It answers all the same, and its files go with it."""
    notebook = new_notebook(cells=[new_code_cell(LISTENING)])
    client = notebook_client(notebook)
    with client.setup_kernel():
        client.execute_cell(notebook.cells[0], 0)
        assert list(own_tmp.glob("lk-kernel-*"))
    assert [one.text for one in notebook.cells[0].outputs] == [OWN]
    assert not list(own_tmp.glob("lk-kernel-*"))


def test_a_cells_output_is_not_lost_in_silence() -> None:
    """nbclient would go on as if the cell had shown nothing; here the kernel's way to tell is cut off."""
    client = notebook_client(new_notebook(cells=[new_code_cell("get_ipython().kernel.iopub_thread.stop()")]))
    client.iopub_timeout = 1
    with client.setup_kernel(), pytest.raises(CellTimeoutError):
        client.execute_cell(client.nb.cells[0], 0)


def test_nor_is_one_that_nbval_starts(own_tmp: Path) -> None:
    """As in `learnkafka validate`."""
    notebook = new_notebook(cells=[new_code_cell(LISTENING)])
    notebook.cells[0].execution_count = 1
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", name="stdout", text=OWN)]
    nbformat.write(notebook, own_tmp / "ports.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-p", "learnkafka.authoring.kernels", "--nbval", "--nbval-current-env", "ports.ipynb"],
        cwd=own_tmp,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert not list(own_tmp.glob("lk-kernel-*"))


def new_kernel() -> NotebookClient:
    return notebook_client(new_notebook())


KILLED = """
from learnkafka.authoring.kernels import FileKernelManager
manager = FileKernelManager(kernel_name="python3")
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)
print("ready", flush=True)
input()
"""


def test_the_next_removes_what_a_killed_process_left(own_tmp: Path, until: Callable[..., Any]) -> None:
    """Its kernel ends by itself, but not its files; those of a process that lives stay."""
    with subprocess.Popen([sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        [kernel] = psutil.Process(process.pid).children()
        process.kill()
    until(lambda: not alive(kernel))
    left = {*own_tmp.glob("lk-kernel-*")}
    assert len(left) == 1 + 5
    with new_kernel().setup_kernel():
        present = {*own_tmp.glob("lk-kernel-*")}
        assert left.isdisjoint(present)
        assert len(present) == 1 + 5
        with new_kernel().setup_kernel():
            assert present < {*own_tmp.glob("lk-kernel-*")}
    assert not list(own_tmp.glob("lk-kernel-*"))
