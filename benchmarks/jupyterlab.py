"""JupyterLab, started as a learner starts it, and a page on it: here and in the tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from learnkafka.broker.ports import free_ports

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request

_SECONDS_TO_OPEN = 60
_NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"


@dataclass(frozen=True)
class JupyterLab:
    """The process of `learnkafka lab`, and what it printed."""

    process: subprocess.Popen[str]
    address: str  # of the page that a browser opens, with the token
    port: int
    token: str


@contextmanager
def jupyterlab(directory: Path, config: Path, port: int | None = None, **settings: str) -> Iterator[JupyterLab]:
    """`learnkafka lab` in that directory, with the embedded broker and none of this machine's own settings.

    The port is a free one, or the one that is asked for, or the next; the keywords are more of its environment.
    It prints its address just before it listens. It ends with the block.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "learnkafka", "lab", "--no-browser", "--port", str(port or free_ports(1)[0])],
        cwd=directory,
        env=os.environ | {"LEARNKAFKA_BROKER": "embedded", "JUPYTER_CONFIG_DIR": str(config)} | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield _as_printed(process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def open_notebook(page: Page, address: str, errors: list[str] | None = None) -> None:
    """Go there and wait until the notebook's kernel is idle: commands that run cells find the notebook only then.

    Once more where the network changed meanwhile, as it does when Docker starts a container: Chromium drops all
    requests that wait for a connection then, those to this machine too, and JupyterLab doesn't ask twice. What the
    page raised that didn't load whole is taken from `errors`, where its owner notes them.
    """
    from playwright.sync_api import expect

    errors = [] if errors is None else errors
    known = len(errors)
    dropped: list[str] = []

    def note(request: Request) -> None:
        if request.failure == _NETWORK_CHANGED:
            dropped.append(request.url)

    idle = page.get_by_text("Python 3 (ipykernel) | Idle")
    page.on("requestfailed", note)
    deadline = time.monotonic() + _SECONDS_TO_OPEN
    while True:
        dropped.clear()
        del errors[known:]
        page.goto(address)
        while not (dropped or idle.is_visible() or time.monotonic() > deadline):
            page.wait_for_timeout(100)
        if not dropped or time.monotonic() > deadline:
            break
        print(f"opened again, since the network changed: {dropped}", file=sys.stderr)
    page.remove_listener("requestfailed", note)
    expect(idle).to_be_visible()


def _as_printed(process: subprocess.Popen[str]) -> JupyterLab:
    assert process.stdout
    printed = ""
    for line in process.stdout:
        printed += line
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/lab\S*\?token=(\w+)", line):
            return JupyterLab(process, found[0], int(found[1]), found[2])
    raise AssertionError(f"JupyterLab printed no address:\n{printed}")
