"""Lab 07: leave in order, choose timeouts, commit what is taken away, move only what must, restart unnoticed, roll a team."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from learnkafka.labs.crew import Crew, InProcesses, at_work, given_back, handled, not_all, once, stop_in_order
from learnkafka.labs.exercise import Exercise
from learnkafka.labs.misconceptions import (
    AUTO_COMMIT_IS_SAFE,
    HANDLED_MOVES_ALONG,
    HEARTBEATS_MEAN_PROGRESS,
    INTERVAL_IS_FOR_ONE_RECORD,
    REBALANCE_TOUCHES_ONE,
    RESTART_IS_UNNOTICED,
    SIGTERM_CLOSES,
    STOP_AND_KILL_ARE_ONE,
)
from learnkafka.labs.orders import ids
from learnkafka.labs.showing import counted, listed, said, shown
from learnkafka.labs.verdict import Verdict, passed, wrong
from learnkafka.members import Committed, Lost, Member, Revoked

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.purchases import Purchase

_NOTICED = 5.0  # seconds: a member that leaves in order is missed after a heartbeat, a dead one after 20 seconds
_COMMIT_SECONDS = 7.0  # auto-commit, which is right here, takes five
_PARTITIONS = 4


class LeaveInOrder(InProcesses):
    """A worked example with one gap."""

    title = "The night shift ends"
    task = (
        "Each night the machines are stopped, and each process is asked to end by SIGTERM. `write_invoices(topic, group, connect, handle)` ends when its `leaving` is set: it finishes the batch in hand, commits it, and leaves the group. "
        "But nobody sets it. One line is missing."
    )
    points = 1
    hints = (
        "What does Python do when SIGTERM comes, and nobody has said what else to do?",
        "The module `signal` of Python's standard library lets you say which function is called when a signal comes. It is called with two arguments, which you needn't look at.",
        "Have `leaving.set()` called when `signal.SIGTERM` comes. Lesson 07 has such a line in `billing.py`; here there is nothing to choose.",
    )
    why = "The handler only sets a flag. So the loop comes to a place where all that was taken is handled and committed, and leaves the `with` block; the consumer closes, and the coordinator hears that the member leaves."
    misconceptions = (SIGTERM_CLOSES,)

    def judge(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """One of two members is asked to end in the midst of its work."""
        topic, group, orders = _work(scene, 60)
        with Crew(scene, attempt, topic, group, _PARTITIONS) as crew:
            members = [crew.start(work=0.02), crew.start(work=0.02)]
            crew.settle(*members)
            scene.spread(topic, orders, _PARTITIONS)
            crew.until(lambda: len(handled(members[1:])) >= 3)
            stop_in_order(members[1])
            if not crew.until(lambda: crew.is_settled(members[0]), _NOTICED):
                return wrong(
                    "The process has ended, and the group hasn't heard of it.",
                    expected=f"the other member has all {_PARTITIONS} partitions within {_NOTICED:.0f} seconds",
                    observed=f"it has {len(members[0].assignment)}",
                )
            return once(crew, members, orders) or passed(
                "The process left in order, and the other one went on where it had stopped."
            )


class ChooseTimeouts(Exercise):
    """Heartbeats are for the process, the poll interval for the work."""

    title = "Labels take their time"
    task = (
        "The label printer is slow: one label takes up to `seconds` seconds. `timeouts(seconds, silence)` is to return a dictionary of settings for the `KafkaConsumer` of such a service, by kafka-python's names. Both arguments are whole numbers of seconds; the settings that are times are in milliseconds. "
        "When its process dies, the group must notice it after at most `silence` seconds without a heartbeat. At least three heartbeats must fit into that time, so that a living process isn't taken for dead when one is lost. And the member must never be put out of its group while it works through a batch, even when thousands of orders wait."
    )
    points = 2
    hints = (
        "Which of the timeouts is about a process that dies, and which about one that works?",
        "The longest time between two calls of `poll()` is that for a whole batch. How many records may a batch have, unless you say it?",
        "Four settings: `session_timeout_ms` from `silence`; `heartbeat_interval_ms`, a third of that or less (its default is 3 seconds); `max_poll_records`, small; and `max_poll_interval_ms`, which has to be longer than so many labels take.",
    )
    why = "Two questions, two timeouts. Does the process live? Heartbeats tell, several within the session timeout. Does it get on? `poll()` tells, and what lies between two polls is a batch: its size times the time for one record has to fit into the poll interval."
    misconceptions = (HEARTBEATS_MEAN_PROGRESS, INTERVAL_IS_FOR_ONE_RECORD)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """What the settings allow, and that the brokers take them."""
        seconds, silence = scene.random.randint(20, 50), scene.random.randint(6, 8)  # the default heartbeat is too slow
        topic, group = scene.topic("labels"), scene.group("printing")
        scene.publish(topic, scene.orders(40))
        result = scene.call(attempt, seconds, silence)
        if not isinstance(result, dict):
            return wrong("That isn't a dictionary of settings.", expected="a dictionary", observed=shown(result))
        session, interval = result.get("session_timeout_ms", 45_000), result.get("max_poll_interval_ms", 300_000)
        batch, heartbeat = result.get("max_poll_records", 500), result.get("heartbeat_interval_ms", 3_000)
        if not all(isinstance(one, int | float) for one in (session, interval, batch, heartbeat)):
            return wrong("Not all settings are numbers.", expected="milliseconds, and records", observed=shown(result))
        needed = batch * seconds * 1000
        if session > silence * 1000:
            return wrong(
                "When the process dies, the group notices too late.",
                expected=f"{silence} seconds without a heartbeat at most",
                observed=f"{session / 1000:g} seconds",
                misconception=HEARTBEATS_MEAN_PROGRESS if "session_timeout_ms" in result else None,
            )
        problem = self._refused(scene, topic, group, result)
        if problem:
            return wrong(
                "A consumer with these settings couldn't join its group.",
                expected="settings that KafkaConsumer and the brokers take",
                observed=problem,
            )
        if 3 * heartbeat > session:
            return wrong(
                "Too few heartbeats: when one or two are lost or late, a living member is taken for dead.",
                expected=f"at least 3 heartbeats within the session timeout of {session / 1000:g} seconds",
                observed=f"one every {heartbeat / 1000:g} seconds"
                + ("" if "heartbeat_interval_ms" in result else ", which is the default"),
            )
        if interval <= needed:
            return wrong(
                "A member that works through a full batch is put out of the group.",
                expected=f"longer than a batch of {batch:,} takes, at {seconds} seconds each: {needed / 1000:,g} seconds",
                observed=f"{interval / 1000:,g} seconds from one `poll()` to the next",
                misconception=INTERVAL_IS_FOR_ONE_RECORD if "max_poll_interval_ms" in result else None,
            )
        return passed("The member has time for its work, and is missed soon when it dies.")

    def _refused(self, scene: Scene, topic: str, group: str, settings: dict[str, Any]) -> str:
        """What a consumer with these settings says when it joins; nothing where all is well."""
        from kafka import KafkaConsumer

        own = {"auto_offset_reset": "earliest", "enable_auto_commit": False, "group_id": group}
        try:
            with KafkaConsumer(topic, **(scene.connect | own | settings)) as consumer:
                consumer.partitions_for_topic(topic)  # know the topic before joining: see CONTRIBUTING.md
                until = time.monotonic() + _NOTICED
                while not consumer.poll(timeout_ms=500):
                    if time.monotonic() > until:
                        return "it was given no records"
        except Exception as error:  # noqa: BLE001 - settings may be anything
            return said(error)
        return ""


class CommitWhatIsTaken(InProcesses):
    """A rebalance listener."""

    title = "Taken out of its hands"
    task = (
        "Packing commits only when it has to hand over. `pack(topic, group, connect, handle)` is to read `topic` as a member of `group`, without auto-commit, beginning with the oldest order where the group has committed nothing. It calls `handle(order)` with each order, as a dictionary (the records hold JSON), and goes on for ever. "
        "When partitions are taken from it, and only then, it commits what it has handled; and it gives them back only when that commit has been answered. So no order is handled twice when another member joins."
    )
    points = 2
    hints = (
        "Who tells a consumer that its partitions are taken from it, and when may it still commit?",
        "`subscribe` takes a `listener`. Its methods run on kafka-python's own thread, where nothing may wait.",
        "Lesson 07 has such a listener in `packing.py`. A class may stand inside of your function; the process has all that `head` imports. Don't forget `**timing` for the consumer.",
    )
    why = "Revoked partitions are yours until your listener has ended. The coordinator waits for every member before it hands anything out, so your commit was there when the next owner asked where to begin."
    misconceptions = (HANDLED_MOVES_ALONG, AUTO_COMMIT_IS_SAFE)

    def judge(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """A second member joins one that has handled everything, in two portions: who commits while it works has committed the first alone."""
        topic, group, orders = _work(scene, 44)
        with Crew(scene, attempt, topic, group, _PARTITIONS) as crew:
            first = crew.start()
            crew.settle(first)
            for portion in (orders[:20], orders[20:40]):
                scene.spread(topic, portion, _PARTITIONS)
                if not crew.until(partial(_all_handled, [first], portion)):
                    return not_all([first], portion)
            members = [first, crew.start()]
            crew.settle(*members)
            scene.spread(topic, orders[40:], _PARTITIONS)
            twice = once(crew, members, orders, HANDLED_MOVES_ALONG)
            return (
                self._too_early(first, 40 // _PARTITIONS)
                or self._too_late(first, 40 // _PARTITIONS, repeats=bool(twice))
                or twice
                or passed("What was handled was committed before the other member began.")
            )

    # Both judge by what the commits say, and by the order of things in the member itself: nothing hangs on who is how fast.

    def _too_early(self, member: Member, each: int) -> Verdict | None:
        """What is wrong where it has committed less than the so many orders of a partition that it had handled when that was taken."""
        commits = [one for one in member.events if isinstance(one, Committed)]
        if any(one.how == "auto" for one in commits):
            return wrong(
                "Auto-commit is on, so the consumer commits by itself, every few seconds and at each rebalance.",
                expected="no commit but your own, when partitions are taken",
                observed="a commit that kafka-python made by itself",
                misconception=AUTO_COMMIT_IS_SAFE,
            )
        if any(offset < each for one in commits for _, _, offset in one.offsets):
            return wrong(
                "It commits while nothing is taken from it.",
                expected="no commit before another member joins",
                observed="a commit between two portions of orders",
            )
        return None

    def _too_late(self, member: Member, each: int, *, repeats: bool) -> Verdict | None:
        """What is wrong where its partitions were gone before the commit was answered; nothing of one that has never committed."""
        events = member.events
        place, taken = next((place, one) for place, one in enumerate(events) if isinstance(one, Revoked | Lost))
        commits = [one for one in events if isinstance(one, Committed)]
        answered = {
            (topic, number)
            for one in events[:place]
            if isinstance(one, Committed) and not one.error
            for topic, number, offset in one.offsets
            if offset >= each
        }
        if answered >= set(taken.partitions) or (repeats and not commits):
            return None
        return wrong(
            "It gave its partitions back before it knew that its commit was stored.",
            expected="first the answer to the commit, then the partitions are given back",
            observed="the partitions were given back first; whether the next owner begins behind the commit is luck",
        )


class MoveWhatMust(InProcesses):
    """A cooperative group."""

    title = "Nobody drops everything"
    task = (
        "Each of stock's members keeps a table of the goods of its partitions, and has to load it anew for each partition that it is given. So when a member joins, the others are to keep what they can. `count_stock(topic, group, connect, handle)` "
        "begins with the oldest order where the group has committed nothing, calls `handle(order)` with each order as a dictionary, commits what it has handled, and goes on for ever."
    )
    points = 2
    hints = (
        "What does each member give back when another one joins, and who decides that?",
        "The assignor does, and all members have to have the same. Lesson 07 has two of them in `either_way.py`.",
        "`partition_assignment_strategy` takes a list of classes. One that is cooperative can't stand beside one that is eager.",
    )
    why = "With a cooperative assignor a member keeps what it has while the group rebalances. It is told which partitions to give back, and those are shared out in a second rebalance."
    misconceptions = (REBALANCE_TOUCHES_ONE,)

    def judge(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """A third member joins two that have three partitions each."""
        topic, group, orders = _work(scene, 30, partitions=6)
        scene.spread(topic, orders, 6)
        with Crew(scene, attempt, topic, group, 6) as crew:
            members = [crew.start(), crew.start()]
            crew.settle(*members)
            if not crew.until(lambda: set(handled(members)) >= set(ids(orders))):
                return not_all(members, orders)
            joined = time.time()
            members.append(crew.start())
            crew.settle(*members)
            if len(back := given_back(members[:2], joined)) > 2:
                return wrong(
                    "Members gave back more than the newcomer got.",
                    expected="2 of 6 partitions",
                    observed=f"{len(back)} of 6",
                    misconception=REBALANCE_TOUCHES_ONE,
                )
            if not crew.until(lambda: sum(scene.committed(group).values()) >= len(orders), _COMMIT_SECONDS):
                return wrong(
                    "All is handled, and the group hasn't committed it.",
                    expected=f"{len(orders)} orders committed",
                    observed=f"{sum(scene.committed(group).values())}",
                )
        return passed("Two partitions were given back, and the other four stayed where they were.")


class RestartUnnoticed(InProcesses):
    """No scaffolding: static, in order, nothing lost or repeated."""

    title = "A new version at noon"
    task = (
        "Billing gets a new version at noon, and nobody is to notice. `bill(topic, group, connect, handle, number)` runs once at each desk; `number` is the desk's: 1, 2 and so on. It calls `handle(order)` with each order and commits what it has handled, as in exercise 1, and for ever; on SIGTERM it ends in order. When it is started "
        "again at the same desk soon after, the members at the other desks must not have been asked to give anything back, and every order must be handled once. A desk that doesn't come back is missed after the session timeout of `timing`."
    )
    points = 3
    hints = (
        "How many rebalances does a restart make, and how does the group know that it is the same member that comes back?",
        "By a name that stays the same at each start and is another one at each desk. And the process must have committed what it has handled when it ends.",
        "Exercise 1 has the end in order. `group_instance_id` is text; make it from `number`.",
    )
    why = "To the group the member had never gone: it came back under its name within the session timeout, to the same partitions. And since it had finished and committed its batch, it went on exactly where it had stopped."
    misconceptions = (SIGTERM_CLOSES, RESTART_IS_UNNOTICED)

    def judge(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """One of two desks is restarted in the midst of its work."""
        topic, group, orders = _work(scene, 64)
        with Crew(scene, attempt, topic, group, _PARTITIONS) as crew:
            members = [crew.start(1, work=0.02), crew.start(2, work=0.02)]
            crew.until(lambda: members[1].assignment)
            scene.spread(topic, orders[:4], _PARTITIONS)  # one whose name another has taken hears of it when it commits
            crew.settle(*members)
            scene.spread(topic, orders[4:60], _PARTITIONS)
            crew.until(lambda: len(handled(members[1:])) >= 3)
            stopped = time.time()
            stop_in_order(members[1])
            members.append(crew.start(2, work=0.02))
            crew.settle(members[0], members[2])
            if back := given_back(members[:1], stopped):
                return wrong(
                    "The other member had to give back its partitions, because of the restart.",
                    expected="no rebalance",
                    observed=f"{counted(len(back), 'partition')} given back",
                    misconception=RESTART_IS_UNNOTICED,
                )
            scene.spread(topic, orders[60:], _PARTITIONS)
            return once(crew, members, orders) or passed("Nobody noticed, and every order was handled once.")


class RollATeam(InProcesses):
    """All processes replaced, with never fewer at work."""

    title = "A whole new team"
    task = (
        "The whole team is to move to new machines. `roll(team, start_another)` is called here, in the notebook, and not in a process. `team` is the list of the members that run: objects as `start_member` returns them. `start_another` is a function without arguments that starts one more member of their group, and returns it. "
        "`roll` is to replace them all: it starts as many new members as there are in `team`, sees to it that each old one ends in order, and returns the list of the new ones. There must always be at least as many members with partitions as in the beginning: so a new one has been given its partitions before an old one goes."
    )
    points = 3
    hints = (
        "When `start_another()` returns, the process is there. Does it have partitions yet?",
        "A member has `wait_until_assigned()`, and two ways to end: `stop()` and `kill()`. Which of them does a group notice at once?",
        "One after the other: start a new one, wait until it has its share, then stop an old one.",
    )
    why = "One more before one less: the group was never short of hands, and each old member handed over in order. That it rebalances at each step is the price; static members would save it, but need the old process gone first."
    misconceptions = (STOP_AND_KILL_ARE_ONE,)
    is_stretch = True

    def judge(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Two members, replaced while orders come."""
        from learnkafka.labs.service import serve

        topic, group, orders = _work(scene, 44)
        with Crew(scene, serve, topic, group, _PARTITIONS) as crew:
            team = [crew.start(), crew.start()]
            crew.settle(*team)
            scene.spread(topic, orders[:40], _PARTITIONS)
            new = scene.call(attempt, list(team), crew.start)
            running = [one for one in crew.members if one.is_running]
            if not isinstance(new, list) or set(map(id, new)) != set(map(id, running)) or set(team) & set(running):
                return wrong(
                    "Those that run now aren't the new ones that you returned.",
                    expected=f"{len(team)} new members, and all the old ones ended",
                    observed=f"{listed(one.name for one in running)} running, {shown(new)} returned",
                )
            if killed := [one.name for one in team if one.exit_code]:
                return wrong(
                    "Old members were killed, so the group waits for them, and their partitions stand still.",
                    expected="members that leave in order",
                    observed=f"{listed(killed)} killed",
                    misconception=STOP_AND_KILL_ARE_ONE,
                )
            fewest = min(at_work(crew.members, old) for old in team)
            if fewest < len(team):
                return wrong(
                    "There was a moment with fewer members at work than before.",
                    expected=f"{len(team)} with partitions whenever an old one has gone",
                    observed=str(fewest),
                )
            crew.settle(*new)
            scene.spread(topic, orders[40:], _PARTITIONS)
            return once(crew, crew.members, orders) or passed("The team is new, and there was always somebody at work.")


def _work(scene: Scene, count: int, partitions: int = _PARTITIONS) -> tuple[str, str, list[Purchase]]:
    return scene.topic("orders", partitions=partitions), scene.group("billing"), scene.orders(count)


def _all_handled(members: list[Member], orders: list[Purchase]) -> bool:
    return set(handled(members)) >= set(ids(orders))


EXERCISES: tuple[Exercise, ...] = (
    LeaveInOrder(),
    ChooseTimeouts(),
    CommitWhatIsTaken(),
    MoveWhatMust(),
    RestartUnnoticed(),
    RollATeam(),
)
