"""The member's process: `python -P -m learnkafka.members.run CONTROL REPORTS`, with the numbers of two pipes.

Through CONTROL come lines of JSON from the kernel: what to run, then what to do. Its end is the kernel's end.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from learnkafka.members.gate import Gate
from learnkafka.members.instruments import Instruments
from learnkafka.members.reporting import Reporter
from learnkafka.members.stopping import Stopped, Stopping

RUNNING = {"note": "running"}
LAST_REPORTS_SECONDS = 2.0
MOST_OUTPUT = 8_000_000  # bytes in the file that holds what the member prints
_OURS = (str(Path(__file__).parents[1]), runpy.__file__, "<frozen runpy>")


def main(control: int, reports: int) -> int:
    """Run the file, and give back the process's exit code."""
    for descriptor in (control, reports):
        os.set_inheritable(descriptor, False)  # what the file starts shall not keep the kernel waiting for the end
    orders = os.fdopen(control, encoding="utf-8")
    first = orders.readline()
    if not first:
        return 1
    told: dict[str, Any] = _read(first)
    reporter, gate, stopping = Reporter(reports), Gate(), Stopping()
    instruments = Instruments(told["name"], reporter, gate, stopping)
    instruments.wrap()
    threading.Thread(target=_obey, args=(orders, gate, reporter), name="learnkafka-control", daemon=True).start()

    def tick() -> None:
        instruments.tell_positions()
        _keep_output_small()

    reporter.start(tick)
    reporter.tell(RUNNING)
    try:
        stopping.install()
        code, outcome = _run(told["file"], told["given"])
        for thread in threading.enumerate():  # Python would wait for them too, but after our last report
            if not thread.daemon and thread is not threading.main_thread():
                thread.join()
    except Stopped:
        code, outcome = 0, {"how": "stopped"}
    reporter.tell({"note": "end", "consumers": instruments.consumers, "consuming": instruments.consuming, **outcome})
    reporter.close(LAST_REPORTS_SECONDS)
    return code


def _run(file: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Run the file as `python FILE` would; the exit code, and how it ended."""
    sys.argv = [file]
    sys.path.append(str(Path(file).absolute().parent))  # at the end: a file beside it mustn't hide a library
    try:
        runpy.run_path(file, given, "__main__")
    except Stopped:
        return 0, {"how": "stopped"}
    except SystemExit as ending:
        if ending.code is not None and not isinstance(ending.code, int):
            print(ending.code, file=sys.stderr)  # noqa: T201 - as Python does
            return 1, {"how": "returned"}
        return ending.code or 0, {"how": "returned"}
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        told = traceback.TracebackException.from_exception(error)
        line = error.lineno if isinstance(error, SyntaxError) and error.filename == file else None
        for frame in told.stack:
            line = frame.lineno if frame.filename == file else line
        _leave_out_ourselves(told)
        print("".join(told.format()), end="", file=sys.stderr)  # noqa: T201
        error_and_cause = _sentence(told) + (f" ({_sentence(told.__cause__)})" if told.__cause__ else "")
        return 1, {"how": "raised", "error": error_and_cause, "line": line}
    return 0, {"how": "returned"}


def _sentence(told: traceback.TracebackException) -> str:
    """The error in a line: a syntax error has indented lines before it, any other may have notes after it."""
    return next(part for part in told.format_exception_only() if not part.startswith(" ")).splitlines()[0]


def _leave_out_ourselves(told: traceback.TracebackException) -> None:
    """A traceback as the file has it when it runs by itself."""
    told.stack[:] = [frame for frame in told.stack if not frame.filename.startswith(_OURS)]
    for another in (told.__cause__, told.__context__):
        if another is not None:
            _leave_out_ourselves(another)


def _obey(orders: TextIO, gate: Gate, reporter: Reporter) -> None:
    """Do what the kernel asks for, and end when it is gone."""
    try:
        for line in orders:
            order = _read(line)
            if "pause" in order:
                gate.pause(order["pause"])
            if "slow" in order:
                gate.slow(order["slow"])
            reporter.tell({"note": "done", "number": order["number"]})
    finally:
        os._exit(1)


def _read(line: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(line)
    return read


def _keep_output_small() -> None:
    """Empty the file of what was printed when it is large; what has been written since the last look is lost then."""
    with suppress(OSError):  # the file may have closed it
        if os.fstat(1).st_size > MOST_OUTPUT:
            os.ftruncate(1, 0)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
