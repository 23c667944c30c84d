"""Kernels that are talked to through sockets in the file system.

Jupyter chooses free ports for a kernel, which binds them about a second later; until then anybody may have taken one, and
the kernel dies ("Address already in use"). Kafka's clients open many connections, each from a port of the same range: in
a class of five, all at work, that hit about one kernel in a hundred.

The files lie in the directory for temporary files, named after the process that starts the kernel. They go with the
kernel; where that process was killed, with the next kernel.
"""

from __future__ import annotations

import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager, KernelManager
from nbclient import NotebookClient
from traitlets import CaselessStrEnum, HasTraits, default

from learnkafka.owner import owner_is_alive, owner_tag

PREFIX = "lk-kernel-"
OUTPUT_SECONDS = 60
"""How long after its end a cell's output may come. nbclient waits 4 s, which a busy machine may need, and goes on without."""


class _ThroughFiles(HasTraits):
    transport = CaselessStrEnum(["tcp", "ipc"], default_value="ipc", config=True)

    @default("connection_file")
    def _named_after_its_owner(self) -> str:
        directory = Path(tempfile.gettempdir())
        for path in directory.glob(f"{PREFIX}*"):
            if not owner_is_alive(path.name.removeprefix(PREFIX)):
                with suppress(OSError):  # another user's, or gone already
                    path.unlink()
        return str(directory / f"{PREFIX}{owner_tag()}-{secrets.token_hex(3)}.json")


class FileKernelManager(_ThroughFiles, KernelManager):
    """A kernel whose channels are sockets beside its connection file."""


class AsyncFileKernelManager(_ThroughFiles, AsyncKernelManager):
    """The same, for nbclient."""


def notebook_client(notebook: Any, **settings: Any) -> NotebookClient:
    """What runs the notebook in such a kernel; raises CellTimeoutError where a cell's output doesn't come whole."""
    return NotebookClient(
        notebook,
        kernel_name="python3",
        kernel_manager_class=AsyncFileKernelManager,
        iopub_timeout=OUTPUT_SECONDS,
        raise_on_iopub_timeout=True,
        **settings,
    )


def pytest_configure(config: Any) -> None:
    """As a plug-in of pytest (`-p`): nbval has no setting for this."""
    import nbval.kernel

    nbval.kernel.KernelManager = FileKernelManager
