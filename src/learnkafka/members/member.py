"""What a notebook holds in its hands: a consumer of a group that runs as a process of its own."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from learnkafka.errors import CourseError
from learnkafka.members.events import DELIVERIES, Ended, Event, deliveries, from_dict
from learnkafka.members.kept import Kept

KEPT_OUTPUT = 100_000  # characters
STOP_SECONDS = 15.0
KILL_SECONDS = 5.0
ANSWER_SECONDS = 5.0
MEND = "mend it, run its cell and start the member again"
LOOK_SECONDS = 0.5  # a child of the member may hold the pipe open when the member is gone


class MemberError(CourseError):
    """A member could not be started, or doesn't do what it was asked to."""


class Member:
    """A consumer of a group, running a file as a process; made by start_member.

    `pause()` stops it from taking records while its heartbeats go on, as when it is busy for too long: the group goes on
    without it after `max_poll_interval_ms`. `freeze()` stops the whole process, heartbeats too, as when its machine
    hangs: the group goes on without it after `session_timeout_ms`.
    """

    def __init__(self, name: str, group: str, file: str) -> None:
        self._name = name
        self._group = group
        self._file = file
        self._changed = threading.Condition()
        self._control_lock = threading.Lock()
        self._kept = Kept()
        self._notes: dict[str, dict[str, Any]] = {}
        self._orders = 0
        self._paused = self._frozen = self._slow = False
        self._last_output = ""
        self._ended: Ended | None = None

    def __repr__(self) -> str:
        return f"<member {self._name} of group {self._group}: {self.state}>"

    @property
    def name(self) -> str:
        """Its own name, which is also its consumer's `client_id`."""
        return self._name

    @property
    def group(self) -> str:
        """The consumer group that it was started for."""
        return self._group

    @property
    def is_running(self) -> bool:
        """Whether its process is there, be it paused or frozen."""
        return self._ended is None

    @property
    def state(self) -> str:
        """`running`, `slow`, `paused` or `frozen`; or how it ended (`stopped`, `killed`, …, as in Ended)."""
        if self._ended:
            return self._ended.how
        if self._frozen:
            return "frozen"
        if self._paused:
            return "paused"
        return "slow" if self._slow else "running"

    @property
    def exit_code(self) -> int | None:
        """0 when its file came to an end or was stopped, negative for the signal that killed it; None while it runs."""
        return self._ended.exit_code if self._ended else None

    @property
    def output(self) -> str:
        """What it has printed, with the traceback if it raised; the end of it, where it is long."""
        return self._last_output if self._ended else self._read_output()

    @property
    def events(self) -> tuple[Event, ...]:
        """What it has reported so far, oldest first.

        From about 50,000 on the oldest deliveries, positions and commits are forgotten; rebalances are kept.
        """
        with self._changed:
            return self._kept.events

    def events_since(self, number: int = 0) -> tuple[int, list[Event]]:
        """The number to ask with next time, and what has been reported since, oldest first: each event once.

        Of what was forgotten, deliveries are told all the same, several as one.
        """
        with self._changed:
            return self._kept.since(number)

    @property
    def consuming_since(self) -> float | None:
        """When its file asked for its first records, and so began to join the group; None before that."""
        return self._notes.get("consuming", {}).get("time")

    @property
    def delivered(self) -> int:
        """How many records its file has been given; one that came again counts again."""
        return self._kept.delivered

    @property
    def assignment(self) -> frozenset[tuple[str, int]]:
        """The (topic, partition)s that it has, as far as it has reported; none once it has ended."""
        with self._changed:
            return frozenset().union(*self._kept.assigned.values())

    def wait_until_assigned(self, seconds: float = 30) -> frozenset[tuple[str, int]]:
        """Wait until the group has given it its share, and return that; it is empty when there is none left for it.

        Raises CourseError when the member ends before, or when it isn't in the group within the time.
        """
        self._wait(lambda: bool(self._kept.assigned), seconds)
        if self._ended:
            raise self._how_it_ended()
        with self._changed:
            if self._kept.assigned:
                return frozenset().union(*self._kept.assigned.values())
        raise MemberError(
            f"{self._name} was given no partitions within {seconds:g} s: other members may be slow to join the group "
            f"anew, or {self._file} doesn't poll; look at its output and its events."
        )

    def stop(self) -> None:
        """Ask it to end (SIGTERM), and return when it has: its file's `with` and `finally` blocks run."""
        if self._ended:
            return
        self._process.send_signal(signal.SIGTERM)
        self._process.send_signal(signal.SIGCONT)  # a frozen one would never hear of it
        if not self._wait(lambda: self._ended is not None, STOP_SECONDS):
            raise MemberError(
                f"{self._name} was asked to stop {STOP_SECONDS:g} s ago and is still there: its file may catch "
                f"SystemExit, or take long to close; wait and look again, or end it with kill()."
            )

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash would: nothing of its file runs any more, and nobody tells the group."""
        if self._ended:
            return
        self._process.kill()
        if not self._wait(lambda: self._ended is not None, KILL_SECONDS):
            raise MemberError(
                f"{self._name} was killed, and the system hasn't ended it within {KILL_SECONDS:g} s; wait, and look again."
            )

    def pause(self) -> None:
        """Let it take no more records: when this returns, it gets none. Its heartbeats go on."""
        self._order(pause=True)
        self._paused = True

    def resume(self) -> None:
        """Let it take records again, after `pause()`."""
        self._order(pause=False)
        self._paused = False

    def slow(self, milliseconds: float) -> None:
        """Let each record take so much longer from now on; the time passes before its file gets the record."""
        if not isinstance(milliseconds, int | float) or not 0 <= milliseconds < float("inf"):
            raise MemberError(f"A member is slowed by milliseconds, from 0 on; {milliseconds!r} isn't that.")
        self._order(slow=milliseconds / 1000)
        self._slow = milliseconds > 0

    def freeze(self) -> None:
        """Stop its whole process where it is (SIGSTOP); its heartbeats stop, too."""
        self._make_sure_it_runs()
        self._process.send_signal(signal.SIGSTOP)
        self._frozen = True

    def thaw(self) -> None:
        """Let its process go on (SIGCONT), after `freeze()`."""
        self._make_sure_it_runs()
        self._process.send_signal(signal.SIGCONT)
        self._frozen = False

    # How start_member uses it.

    def attach(self, process: subprocess.Popen[bytes], control: int, reports: int, log: Path) -> None:
        """Take over the process, and the kernel's ends of its pipes."""
        self._process, self._control, self._reports, self._log = process, control, reports, log
        threading.Thread(target=self._listen, name=f"learnkafka-{self._name}", daemon=True).start()

    def tell(self, message: dict[str, Any]) -> None:
        """Write one line to the member; when it is gone, its end is seen elsewhere."""
        line = memoryview(json.dumps(message).encode() + b"\n")
        with self._control_lock:
            try:
                while line and self._ended is None:
                    line = line[os.write(self._control, line) :]
            except OSError:
                return

    def wait_until_consuming(self, seconds: float) -> None:
        """Wait until its file has asked for its first records; raises CourseError when it doesn't come to that."""
        self._wait(lambda: "consuming" in self._notes, seconds)
        if "consuming" in self._notes:
            return
        if self._ended:
            raise self._how_it_ended()
        if "consumer" not in self._notes:
            raise MemberError(
                f"{self._file} has made no KafkaConsumer within {seconds:g} s; a member's file makes one and takes its "
                f"records: {MEND}."
            )

    def discard(self) -> None:
        """End what there is of it; what the system doesn't end at once goes with this process."""
        if hasattr(self, "_process"):
            with suppress(MemberError):
                self.kill()

    # What happens between here and the process.

    def _order(self, **order: Any) -> None:
        self._make_sure_it_runs()
        if self._frozen:
            raise MemberError(f"{self._name} is frozen, and hears nothing; thaw() it first.")
        with self._changed:
            self._orders += 1
            number = self._orders
        self.tell({"number": number, **order})
        if not self._wait(lambda: self._notes.get("done", {}).get("number", 0) >= number, ANSWER_SECONDS):
            raise MemberError(
                f"{self._name} hasn't answered within {ANSWER_SECONDS:g} s: its file may keep Python busy; wait and try "
                f"again, or end it with kill()."
            )
        self._make_sure_it_runs()

    def _make_sure_it_runs(self) -> None:
        if self._ended:
            raise MemberError(f"{self._name} has ended ({self._ended.how}); start another with start_member().")

    def _wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: condition() or self._ended is not None, seconds)
            return bool(condition() or self._ended is not None)

    def _listen(self) -> None:
        """Take in what the member reports, until it has ended."""
        poller, rest = select.poll(), b""
        poller.register(self._reports, select.POLLIN)
        while True:
            ready = poller.poll(LOOK_SECONDS * 1000)
            if not ready:
                if self._process.poll() is not None:
                    break
                continue
            read = os.read(self._reports, 1_000_000)
            if not read:
                break
            *lines, rest = (rest + read).split(b"\n")
            self._take(lines)
        self._finish(self._process.wait())

    def _take(self, lines: list[bytes]) -> None:
        # Read first, then add: who looks at the events shall not wait for the reading.
        events: list[Event] = []
        notes: list[dict[str, Any]] = []
        for report in map(json.loads, lines):
            if DELIVERIES in report:
                events += deliveries(report[DELIVERIES], self._name)
            elif "event" in report:
                events.append(from_dict(report))
            else:
                notes.append(report)
        with self._changed:
            for event in events:
                self._kept.add(event)
            for note in notes:
                self._notes[note["note"]] = note
            self._changed.notify_all()

    def _finish(self, code: int) -> None:
        output = self._read_output()
        self._log.unlink(missing_ok=True)
        end = self._notes.get("end", {"how": "exited"})
        how = "killed" if code < 0 else end["how"]
        ended = Ended(time.time(), self._name, how, code, end.get("error"), end.get("line"))
        with self._control_lock, self._changed:
            os.close(self._control)
            os.close(self._reports)
            self._last_output = output
            self._kept.assigned.clear()
            self._kept.add(ended)
            self._ended = ended
            self._changed.notify_all()

    def _read_output(self) -> str:
        try:
            with self._log.open("rb") as printed:
                size = printed.seek(0, os.SEEK_END)
                printed.seek(max(0, size - 4 * KEPT_OUTPUT))
                return printed.read().decode(errors="replace")[-KEPT_OUTPUT:]
        except OSError:
            return self._last_output

    def _how_it_ended(self) -> MemberError:
        assert self._ended is not None  # noqa: S101
        ended, end, file = self._ended, self._notes.get("end", {}), self._file
        if ended.how == "raised":
            where = f" in line {ended.line}" if ended.line else ""
            return MemberError(f"{file} raised{where}: {ended.error}; {MEND}.")
        if ended.how in ("stopped", "killed"):
            signal_name = f" by {signal.Signals(-ended.exit_code).name}" if ended.exit_code < 0 else ""
            return MemberError(f"{self._name} was {ended.how}{signal_name}; start another with start_member().")
        if not end:
            said = self.output.strip().splitlines()
            last = f" ({said[-1]})" if said else ""
            return MemberError(f"{file} ended with status {ended.exit_code}, at once{last}; {MEND}.")
        if not end["consumers"]:
            return MemberError(
                f"{file} came to its end without making a KafkaConsumer; a member's file makes one and takes its records: "
                f"{MEND}."
            )
        if not end["consuming"]:
            return MemberError(
                f"{file} came to its end without asking its consumer for a record; let it loop over the consumer: {MEND}."
            )
        return MemberError(f"{file} came to its end; {MEND}.")
