"""A Python process that stands for a notebook's kernel."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path


def stand_in(code: str, tmp: Path) -> subprocess.Popen[str]:
    """It runs the code, with that temporary directory."""
    return subprocess.Popen(
        [sys.executable, "-u", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp)},
        start_new_session=True,
    )


def says(process: subprocess.Popen[str], seconds: float = 60) -> str:
    """The next line that it prints."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], seconds)
    assert ready, f"nothing said within {seconds} s"
    return process.stdout.readline().strip()
