"""What the views' tests share: their scripts' own tests run under node."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from learnkafka.views.base import with_board


@pytest.fixture
def node_test() -> Callable[[str], None]:
    """`node_test("log")`: run log.mjs on log.js."""

    def run(name: str) -> None:
        if not (node := shutil.which("node")):
            pytest.skip("no node on this machine")
        # As a data: address, since a package.json would be needed for node to take a .js file as a module.
        loader = f"data:text/javascript,{quote(with_board(f'{name}.js'))}"
        done = subprocess.run(
            [node, "--test", str(Path(__file__).with_name(f"{name}.mjs"))],
            env=os.environ | {"VIEW_JS": loader},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    return run
