"""However a kernel ends, what it started ends with it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.stopwatch import Stopwatch

KINDS = ["embedded", pytest.param("container", marks=pytest.mark.docker)]
START = """
from learnkafka import start_broker
broker = start_broker({kind!r})
print(broker)
for line in __import__("sys").stdin:
    exec(line)
"""
LIMIT = 3.0  # seconds from the death of a kernel until nothing of it is left
GUARD = 8.0  # seconds until the guard, which looks again for a while, has ended too


def started(kernel: Callable[[str], Any], kind: str = "embedded", code: str = START) -> Any:
    """A kernel with a broker that is ready."""
    one = kernel(code.format(kind=kind))
    assert one.says() == "<Kafka broker: running>"
    assert len(one.guards()) == 1
    (one.run,) = one.runs()
    assert one.containers() if kind == "container" else one.brokers()
    return one


def nothing_left(one: Any, kind: str = "embedded") -> Callable[[], bool]:
    def asked() -> bool:
        return not (one.runs() or one.brokers() or (kind == "container" and one.containers()))

    return asked


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_killed_kernel_leaves_nothing(kernel: Callable[[str], Any], until: Callable[..., Any], kind: str) -> None:
    """Within 3 s of `kill -9`: no JVM, no container, no directory, no guard."""
    one = started(kernel, kind)
    one.process.kill()
    until(nothing_left(one, kind), LIMIT)
    until(lambda: not one.guards(), GUARD)
    assert nothing_left(one, kind)()


@pytest.mark.soak
@pytest.mark.parametrize("moment", ["directory", "guard", "broker"])
def test_kernel_killed_in_mid_start_leaves_nothing(
    kernel: Callable[[str], Any], until: Callable[..., Any], moment: str
) -> None:
    """Killed while a broker starts; where not even the guard was there yet, the next start cleans up."""
    one = kernel(START.format(kind="embedded"))
    until({"directory": one.runs, "guard": one.guards, "broker": one.brokers}[moment])
    one.process.kill()
    one.process.wait()
    until(lambda: not (one.guards() or one.brokers()), GUARD)
    if one.runs():
        assert moment == "directory"
        another = kernel("import learnkafka.lifetime as l; l.sweep(); print('swept')")
        assert another.says() == "swept"
    assert not one.runs()


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_killed_kernel_and_guard_are_cleaned_up_by_the_next_start(
    kernel: Callable[[str], Any], until: Callable[..., Any], kind: str
) -> None:
    """With nobody left to clean up, the broker goes on, until another start ends it before its own is ready."""
    one = started(kernel, kind)
    guard = one.guards()[0]
    guard.suspend()  # so that it can't be quicker than we
    one.process.kill()
    guard.kill()
    one.process.wait()
    until(lambda: not one.guards())
    assert one.runs()
    left, leftover = one.runs()[0], one.containers() if kind == "container" else one.brokers()
    assert leftover
    another = kernel(START.format(kind=kind))
    assert another.says() == "<Kafka broker: running>"
    assert not left.exists()
    if kind == "container":
        assert not one.containers()
    else:
        assert not [process for process in leftover if process in another.brokers()]
    another.process.kill()
    until(nothing_left(another), LIMIT)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_guard_told_to_end_takes_the_broker_with_it(
    kernel: Callable[[str], Any], until: Callable[..., Any], kind: str
) -> None:
    """SIGTERM to the guard, as at a shutdown of the machine: the broker goes, the kernel lives and can start another."""
    one = started(kernel, kind)
    one.guards()[0].terminate()
    until(lambda: not one.guards(), GUARD)
    assert nothing_left(one, kind)()
    assert one.process.poll() is None
    one.process.stdin.write(f"print(broker); print(start_broker({kind!r}))\n")
    one.process.stdin.flush()
    assert one.says() == "<Kafka broker: gone>"
    assert one.says() == "<Kafka broker: running>"
    assert len(one.runs()) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_guard_takes_no_notice_of_an_interrupt(
    kernel: Callable[[str], Any], until: Callable[..., Any], number: signal.Signals
) -> None:
    """An interrupted cell or a closed terminal is no end."""
    one = started(kernel)
    guard = one.guards()[0]
    guard.send_signal(number)
    guard.send_signal(number)
    one.process.stdin.write("print(broker.topic('still-here'))\n")
    one.process.stdin.flush()
    assert one.says() == "still-here"
    assert one.guards() == [guard]


FORKING = """
import os, time
from learnkafka import start_broker
broker = start_broker({kind!r})
if os.fork() == 0:
    time.sleep(600)
print(broker, flush=True)
time.sleep(600)
"""


@pytest.mark.soak
def test_forked_child_does_not_keep_the_broker(kernel: Callable[[str], Any], until: Callable[..., Any]) -> None:
    """A child that holds the guard's pipe open lives on; the broker goes all the same."""
    one = started(kernel, code=FORKING)
    (child,) = [
        process for process in psutil.Process(one.process.pid).children() if "time.sleep(600)" in str(process.cmdline())
    ]
    try:
        one.process.kill()
        until(nothing_left(one), LIMIT)
        assert child.is_running()
    finally:
        child.kill()


ENDS = {
    "at its last line": "from learnkafka import start_broker\nprint(start_broker('embedded'))",
    "by an exception": "from learnkafka import start_broker\nprint(start_broker('embedded'))\nexit(3)",
    "after stop()": "from learnkafka import start_broker\nb = start_broker('embedded')\nprint(b)\nb.stop()\nb.stop()",
    "a child first": (
        "import os\nfrom learnkafka import start_broker\nb = start_broker('embedded')\nif os.fork() == 0:\n exit()\n"
        "os.wait()\nassert b.is_running\nb.topic('works')\nprint(b)"
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_normal_end_leaves_nothing(kernel: Callable[[str], Any], end: str) -> None:
    """When the process has ended in order, everything is gone already; a child's end takes nothing with it."""
    one = kernel(ENDS[end])
    assert one.says() == "<Kafka broker: running>"
    one.process.wait(20)
    assert one.process.returncode == (3 if end == "by an exception" else 0)
    assert nothing_left(one)()


def test_guard_outlives_a_signal_to_the_kernels_group(kernel: Callable[[str], Any], until: Callable[..., Any]) -> None:
    """Killing the kernel's whole process group, as a terminal does, doesn't reach the guard."""
    one = started(kernel)
    os.killpg(one.process.pid, signal.SIGKILL)
    until(nothing_left(one), LIMIT)


def test_jupyters_shutdown_leaves_nothing(own_tmp: Path, until: Callable[..., Any]) -> None:
    """A real kernel, shut down as JupyterLab does it."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(env=os.environ | {"TMPDIR": str(own_tmp)}, extra_arguments=["--log-level=ERROR"])
    try:
        answer = client.execute_interactive(
            "from learnkafka import start_broker; b = start_broker('embedded')", timeout=60, output_hook=lambda _: None
        )
        assert answer["content"]["status"] == "ok"
        (run,) = own_tmp.glob("learnkafka-*/*")
        stopwatch = Stopwatch()
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
    until(lambda: not run.exists(), LIMIT)
    assert stopwatch.seconds() < 2 * LIMIT
