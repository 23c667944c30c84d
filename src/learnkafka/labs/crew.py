"""A learner's function as members of a group: each runs it in a process of its own, which can be stopped and killed."""

from __future__ import annotations

import inspect
import re
import tempfile
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from textwrap import dedent
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from learnkafka.broker.environment import patience
from learnkafka.labs.calling import GapError
from learnkafka.labs.exercise import Exercise
from learnkafka.labs.misconceptions import SIGTERM_CLOSES
from learnkafka.labs.orders import ids
from learnkafka.labs.showing import counted, listed, shown
from learnkafka.labs.source import gap
from learnkafka.labs.verdict import CodeLine, Misconception, Outcome, Verdict, wrong
from learnkafka.members import Assigned, Ended, Member, Revoked, start_member
from learnkafka.members.member import MemberError

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.purchases import Purchase

SECONDS = 9.0  # for anything that members are to come to
LOOK_SECONDS = 0.02
_SESSION_MS, _HEARTBEAT_MS = 20_000, 1_000  # the most that a consumer may have; `timing` has less

# What the process has beside the function. Python's own SIGTERM: start_member would have one that closes consumers.
HEAD = """\
from __future__ import annotations

import json, signal, time
from itertools import chain
from threading import Event

from kafka import AsyncConsumerRebalanceListener, ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor

signal.signal(signal.SIGTERM, signal.SIG_DFL)
timing = {"session_timeout_ms": 20_000, "heartbeat_interval_ms": 200}
made = KafkaConsumer.__init__


def make(self, *topics, **settings):
    made(self, *topics, **settings)
    print("made", self.config["session_timeout_ms"], self.config["heartbeat_interval_ms"], flush=True)


KafkaConsumer.__init__ = make


def handle(order):
    time.sleep(work)
    print("handled", order["order_id"], flush=True)


"""


class FellError(Exception):
    """A member's process isn't what it should be; the verdict says how."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.headline)
        self.verdict = verdict


class InProcesses(Exercise):
    """An exercise whose check runs the function as members."""

    def check(self, scene: Scene, attempt: Any) -> Verdict:
        """Judge it; a process that falls ends the judging."""
        try:
            return self.judge(scene, attempt)
        except FellError as fell:
            return fell.verdict

    @abstractmethod
    def judge(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """What is to be said of it."""


class Crew:
    """Starts the function as members of one group, and clears them away in the end, out of the group too."""

    def __init__(self, scene: Scene, attempt: Callable[..., Any], topic: str, group: str, partitions: int) -> None:
        self._scene = scene
        self._topic, self._group, self._partitions = topic, group, partitions
        self._source, self._first = _source_of(attempt)
        self._call = f"\n\n{attempt.__name__}(topic, group, connect, handle"
        self._folder = tempfile.TemporaryDirectory(prefix="lk-crew-")
        self.members: list[Member] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            for member in self.members:
                member.kill()
            self._scene.empty_group(self._group)
        finally:
            self._folder.cleanup()

    def start(self, *more: object, work: float = 0.0) -> Member:
        """One more member; `more` is handed to the function behind the four arguments, `work` is what an order takes in seconds."""
        file = Path(self._folder.name) / "attempt.py"
        arguments = "".join(f", {one!r}" for one in more)
        file.write_text(f"{HEAD}{self._source}{self._call}{arguments})\n", encoding="utf-8")
        try:
            member = start_member(file, self._topic, self._group, broker=self._scene.broker, work=work)
        except MemberError as error:
            raise FellError(self._at_its_start(str(error), str(file))) from error
        self.members.append(member)
        self._see_its_timing(member)
        return member

    def _see_its_timing(self, member: Member) -> None:
        """Without it members are slow to hear of a rebalance, and whether they come to share the group in time is luck."""
        for line in member.output.splitlines():
            found = re.fullmatch(r"made (\d+) (\d+)", line)
            if found and (int(found[1]) > _SESSION_MS or int(found[2]) > _HEARTBEAT_MS):
                raise FellError(
                    wrong(
                        "A consumer joins the group without the settings that `timing` holds.",
                        expected="20 seconds for the session timeout, 0.2 seconds from heartbeat to heartbeat",
                        observed=f"{int(found[1]) / 1000:g} seconds, and {int(found[2]) / 1000:g} seconds",
                    )
                )

    def until(self, condition: Callable[[], Any], seconds: float = SECONDS) -> bool:
        """Whether it comes about in time; a member that raises ends the waiting."""
        deadline = time.monotonic() + seconds * patience()
        while not condition():
            for member in self.members:
                self._fell(member)
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def settle(self, *members: Member) -> None:
        """Wait until these members have all the partitions, each some."""
        if not self.until(lambda: self.is_settled(*members)):
            sizes = listed(len(one.assignment) for one in members)
            raise FellError(
                wrong(
                    "The group hasn't come to share the partitions.",
                    expected=f"{len(members)} members with {self._partitions} partitions between them",
                    observed=f"members with {sizes} partitions",
                )
            )

    def is_settled(self, *members: Member) -> bool:
        """Whether these members have all the partitions, each some."""
        sizes = [len(one.assignment) for one in members]
        return all(sizes) and sum(sizes) == self._partitions

    def _fell(self, member: Member) -> None:
        ended = member.events[-1] if member.events else None
        if isinstance(ended, Ended) and ended.how == "raised":
            raise FellError(self._raised(ended.error or "an error", ended.line))

    def _raised(self, error: str, line: int | None) -> Verdict:
        lines = self._source.splitlines()
        place = (line or 0) - HEAD.count("\n")
        where = CodeLine(self._first + place - 1, lines[place - 1].strip()) if 1 <= place <= len(lines) else None
        return Verdict(Outcome.RAISED, f"In its process, your function raised {error.removesuffix('.')}.", line=where)

    def _at_its_start(self, text: str, file: str) -> Verdict:
        if found := re.search(r" raised(?: in line (\d+))?: (.*); mend it", text, re.DOTALL):
            return self._raised(found[2], int(found[1]) if found[1] else None)
        return wrong(
            "Your function didn't become a member.",
            expected="a process that makes a consumer and takes records until it is asked to end",
            observed=text.replace(file, "your function").split(";")[0],
        )


def _source_of(attempt: Callable[..., Any]) -> tuple[str, int]:
    """The function's own lines, and the number of the first within its cell."""
    if line := gap(attempt):
        raise GapError(line)
    try:
        lines, first = inspect.getsourcelines(attempt)
    except (TypeError, OSError):
        lines, first = [], 0
    if not lines or not lines[0].lstrip().startswith("def "):
        raise FellError(
            wrong(
                "The check runs your function's own lines in a process, and can't find them.",
                expected="a function that was made with `def` in a cell",
                observed=shown(attempt),
            )
        )
    return dedent("".join(lines)), max(first, 1)


def handled(members: Iterable[Member]) -> list[int]:
    """The ids of the orders that they have handled, by member and in its order."""
    lines = [line for one in members for line in one.output.splitlines() if re.fullmatch(r"handled \d+", line)]
    return [int(line.split()[1]) for line in lines]


def given_back(members: Iterable[Member], since: float) -> set[tuple[str, int]]:
    """What they had to give back since then."""
    events = [one for member in members for one in member.events if one.time > since]
    return {place for one in events if isinstance(one, Revoked) for place in one.partitions}


def stop_in_order(member: Member) -> None:
    """Ask it to end by SIGTERM; FellError where it doesn't do that in order."""
    try:
        member.stop()
    except MemberError:
        observed = "it is still there after 15 seconds"
        raise FellError(wrong("The process doesn't end.", expected="it ends on SIGTERM", observed=observed)) from None
    if member.exit_code:
        raise FellError(
            wrong(
                "The process was asked to end, and didn't leave the group in order.",
                expected="it finishes its batch, closes its consumer, and ends",
                observed="SIGTERM ended it at once" if member.exit_code < 0 else f"status {member.exit_code}",
                misconception=SIGTERM_CLOSES if member.exit_code < 0 else None,
            )
        )


def not_all(members: Iterable[Member], orders: list[Purchase]) -> Verdict:
    missing = sorted(set(ids(orders)) - set(handled(members)))
    return wrong(
        "Not every order was handled.",
        expected=counted(len(orders), "order"),
        observed=f"{counted(len(missing), 'order')} missing: {listed(missing, 6)}",
    )


def once(
    crew: Crew, members: list[Member], orders: list[Purchase], belief: Misconception | None = None
) -> Verdict | None:
    """What is wrong unless every order comes to be handled, and none twice."""
    if not crew.until(lambda: set(handled(members)) >= set(ids(orders))):
        return not_all(members, orders)
    found = handled(members)
    if twice := sorted({one for one in found if found.count(one) > 1}):
        return wrong(
            "Some orders were handled twice.",
            expected="every order once",
            observed=f"{counted(len(twice), 'order')} twice: {listed(twice, 6)}",
            misconception=belief,
        )
    return None


def at_work(members: list[Member], old: Member) -> int:
    """How many members had partitions when this one had gone."""
    [gone] = [one.time for one in old.events if isinstance(one, Ended)]
    count = 0
    for member in members:
        before = [one for one in member.events if one.time <= gone and isinstance(one, Assigned | Ended)]
        count += bool(before) and isinstance(before[-1], Assigned) and bool(before[-1].partitions)
    return count
