"""Lab 06: commit the right place, lag, at least once, at most once, what a group has done, and batches."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from learnkafka.labs.comparing import same, same_pair
from learnkafka.labs.exercise import Exercise
from learnkafka.labs.handling import Handler, fails
from learnkafka.labs.misconceptions import (
    AUTO_COMMIT_IS_SAFE,
    COMMIT_ANYWHERE,
    COMMIT_KNOWS_WHAT_I_HANDLED,
    COMMIT_THE_LAST_ONE,
    EARLIEST_ALWAYS_REPLAYS,
    OFFSET_COUNTS_RECORDS,
    READS_FROM_THE_START,
    TOPIC_IS_ONE_LOG,
)
from learnkafka.labs.orders import ids
from learnkafka.labs.showing import counted, listed, shown, shown_commit, shown_commits
from learnkafka.labs.source import mentions
from learnkafka.labs.verdict import Misconception, Verdict, passed, wrong

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.purchases import Purchase


class CommitThePlace(Exercise):
    """A worked example with one gap."""

    title = "Until the shift ends"
    task = (
        "The packers' shift ends in the middle of a batch. `pack_until(topic, group, last)` goes on where the group has stopped, packs the orders up to and including the one whose id is `last`, and returns the ids of "
        "those it has packed. It is to commit the place where the next shift begins, once, at its end. The line that commits is missing. (The topic has one partition.)"
    )
    points = 1
    hints = (
        "Which record is to be the first one of the next shift?",
        "`commit()` without anything else commits the position, and `unread` has been given more records by then than it has handed to you. So say which offset.",
        "`commit()` takes a dictionary: the partition, which is `log` here, and for it `OffsetAndMetadata(…)` with the offset of the *next* record. Lesson 06 does it under *Which offset to commit*.",
    )
    why = "A committed offset is where the group goes on: the next one to read, not the last one handled. The records behind it had been polled already, and will be polled again by the next shift."
    misconceptions = (COMMIT_THE_LAST_ONE, COMMIT_KNOWS_WHAT_I_HANDLED)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Two shifts."""
        topic, group, orders = _work(scene, 9, 12)
        begin = 0
        for end in (scene.random.randint(2, 4), scene.random.randint(6, 7)):
            packed = ids(orders[begin:end])
            result = scene.call(attempt, topic, group, packed[-1])
            if not same(result, packed):
                return wrong("Other orders were packed.", expected=f"the ids {listed(packed)}", observed=shown(result))
            if (committed := _committed(scene, group, topic)) != end:
                return wrong(
                    f"The next shift wouldn't begin with the order after {packed[-1]}, which lies at offset {end - 1}.",
                    expected=f"committed offset {end}",
                    observed=shown_commit(committed),
                    misconception=_about(committed, end, len(orders)),
                )
            begin = end
        return passed("Each shift begins where the one before has ended.")


class Lag(Exercise):
    """What lies between the commit and the end."""

    title = "How far behind?"
    task = (
        "The dashboard is to show how many records a group has still to read. `lag(topic, group)` is to return that number, added up over all partitions of the topic. Where the group has committed nothing in a partition, all "
        "records in it count. Records that have been removed (the oldest ones, as by retention) don't count, wherever the group stands. The group may be at work meanwhile: don't join the group, and commit nothing."
    )
    points = 2
    hints = (
        "Between which two offsets lie the records that a group has still to read in one partition?",
        "A consumer with the `group_id` can be asked: `committed(partition)`, which may be `None`, `end_offsets(partitions)` and `beginning_offsets(partitions)`.",
        "Add up, over all partitions, the end less the committed offset; or less the log start, where nothing is committed, or only something that lies before it. Nothing has to be read, and nothing committed.",
    )
    why = "The committed offset is the next one to read, so end less commit is exactly what is left. A consumer asks Kafka for the commit: its own position is another matter, and nobody else knows it."
    misconceptions = (COMMIT_THE_LAST_ONE, OFFSET_COUNTS_RECORDS, TOPIC_IS_ONE_LOG)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Partitions that were read in part, to the end, and never; with and without removed records, read ones and others."""
        lengths = (7 + scene.random.randint(0, 2), 4, 3, 11, 7)
        topic, group = scene.topic("orders", partitions=len(lengths)), scene.group("packing")
        for partition, length in enumerate(lengths):
            scene.publish(topic, scene.orders(length), partition)
        for partition, start in _STARTS.items():
            scene.remove_before(topic, partition, start)
        places = {0: scene.random.randint(2, 4), 1: 4, 4: 1}
        scene.commit(group, topic, places)
        left = _left(lengths, places)
        result, total = scene.call(attempt, topic, group), sum(left)
        if not same(result, total) or isinstance(result, bool):
            beliefs = {left[0]: TOPIC_IS_ONE_LOG}
            for starts in (_STARTS, {3: _STARTS[3]}, {4: _STARTS[4]}, {}):
                beliefs.setdefault(sum(_left(lengths, places, starts)), OFFSET_COUNTS_RECORDS)
                for shift in (1, -1):
                    shifted = {partition: place + shift for partition, place in places.items()}
                    beliefs.setdefault(sum(_left(lengths, shifted, starts)), COMMIT_THE_LAST_ONE)
            return wrong(
                "That isn't the number of records that the group has still to read.",
                expected=f"{total}: {listed(left)} in its {len(left)} partitions",
                observed=shown(result),
                misconception=beliefs.get(result) if isinstance(result, int) else None,
            )
        before = {(topic, partition): place for partition, place in places.items()}
        if (after := scene.committed(group)) != before:
            expected, observed = shown_commits(before), shown_commits(after)
            return wrong("Asking has moved the group's place.", expected=expected, observed=observed)
        if scene.was_joined(group):
            return wrong(
                "The number is right, but your function has joined the group: its members would have had to share with it.",
                expected="nobody joins the group",
                observed="a consumer with the `group_id` that has subscribed",
            )
        return passed("The dashboard shows what is left to read.")


class AtLeastOnce(Exercise):
    """A handler that raises, and nothing is lost."""

    title = "No invoice is lost"
    task = (
        "`bill(topic, group, write_invoice)` is to go on where the group has stopped; where it has committed nothing, with the oldest order. It calls `write_invoice(order)` for each order, with the order as a dictionary, and comes "
        "back at the end of the topic. `write_invoice` may raise. Then let the error go out of your function, and lose no order by it: the next call of `bill` begins with the order that failed, or with one before it. After a call "
        "without an error, the orders that it has invoiced don't come again. (The topic has one partition.)"
    )
    points = 2
    hints = (
        "When `write_invoice` raises at the fifth order, what may the group have committed by then?",
        "Auto-commit commits what was polled. Turn it off with `enable_auto_commit=False`, and commit where you know what has been done.",
        "Commit when the work is done: after each order, with its offset plus one, or once behind the loop, where `commit()` is enough. `with` closes the consumer when the error goes out.",
    )
    why = "The commit came after the work, so an order that failed was never promised: that is at least once. Some orders may come twice, and billing has to bear that; lesson 10 shows how."
    misconceptions = (
        AUTO_COMMIT_IS_SAFE,
        COMMIT_ANYWHERE,
        COMMIT_KNOWS_WHAT_I_HANDLED,
        COMMIT_THE_LAST_ONE,
        READS_FROM_THE_START,
    )

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """One call that fails, one that goes well, and one with nothing to do."""
        topic, group, orders = _work(scene, 9, 12)
        seen: list[int | None] = []  # what was committed before each invoice of the first call
        first = Handler(scene.random.randint(4, 6), look=lambda: seen.append(_committed(scene, group, topic)))
        second, third = Handler(), Handler()
        if problem := fails(scene, attempt, topic, group, first, orders):
            return problem
        committed = _committed(scene, group, topic)
        scene.call(attempt, topic, group, second)
        written, failed = first.handled + second.handled, first.given[-1]
        if lost := [one for one in ids(orders) if one not in written]:
            belief = COMMIT_KNOWS_WHAT_I_HANDLED if seen[0] is None else COMMIT_ANYWHERE
            return wrong(
                f"`write_invoice` raised at order {failed}, and after another call some orders still have no invoice.",
                expected="an invoice for each order",
                observed=f"none for {listed(lost)}; after the error the group had {shown_commit(committed)}",
                misconception=AUTO_COMMIT_IS_SAFE if _by_itself(attempt) else belief,
            )
        if (committed := _committed(scene, group, topic)) != len(orders):
            return wrong(
                "All is invoiced, and the group isn't at the end of the log.",
                expected=f"committed offset {len(orders)}",
                observed=shown_commit(committed),
                misconception=COMMIT_THE_LAST_ONE if committed == len(orders) - 1 else None,
            )
        scene.call(attempt, topic, group, third)
        if third.given:
            return wrong(
                "A call after one that went well writes invoices again.",
                expected="no order",
                observed=f"orders {listed(third.given)}",
            )
        return passed("A call that fails costs no invoice.")


class AtMostOnce(Exercise):
    """Nothing twice, and no more lost than has to be."""

    title = "No message comes twice"
    task = (
        "`notify(topic, group, send_message)` is to do the same with `send_message(order)`, except that no message may go out twice. It begins and ends as `bill` does in exercise 3. `send_message` may raise, and the process may die in the midst "
        "of it. Either way nobody knows whether that message went out, and it must *not* be tried again: let the error go out of your function, and the next call begins with the order behind. All other orders are to have their message. "
        "(The topic has one partition.)"
    )
    points = 3
    hints = (
        "What must Kafka know before you call `send_message`?",
        "`commit()` without an offset would commit everything that was polled, also the orders behind. They would be lost by the error.",
        "In the loop, commit this record's offset plus one; then send its message.",
    )
    why = "The commit came before the work, one record at a time: at most once, and a crash loses one message at most. The price is a request to the broker for each record."
    misconceptions = (
        COMMIT_THE_LAST_ONE,
        COMMIT_KNOWS_WHAT_I_HANDLED,
        COMMIT_ANYWHERE,
        AUTO_COMMIT_IS_SAFE,
        READS_FROM_THE_START,
    )

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """One call that fails in the middle, one that goes well."""
        topic, group, orders = _work(scene, 9, 12)
        seen: list[int | None] = []  # what was committed before each message of the first call
        first = Handler(scene.random.randint(3, 6), look=lambda: seen.append(_committed(scene, group, topic)))
        second = Handler()
        if problem := fails(scene, attempt, topic, group, first, orders):
            return problem
        committed = _committed(scene, group, topic)
        scene.call(attempt, topic, group, second)
        failed = first.given[-1]
        afterwards = AUTO_COMMIT_IS_SAFE if _by_itself(attempt) else COMMIT_ANYWHERE
        belief = afterwards if seen[0] is None else COMMIT_THE_LAST_ONE
        if again := [one for one in second.given if one in first.given]:
            return wrong(
                f"`send_message` was called again for an order for which it had been called; it had raised at order {failed}.",
                expected=f"the next call begins after order {failed}",
                observed=f"order {listed(again)} again; after the error the group had {shown_commit(committed)}",
                misconception=belief,
            )
        if left := [one for one in ids(orders) if one not in first.given + second.given]:
            return wrong(
                f"`send_message` raised at order {failed}, and orders behind it have no message after another call.",
                expected=f"a message for each order but {failed}",
                observed=f"none for {listed(left)}; after the error the group had {shown_commit(committed)}",
                misconception=COMMIT_KNOWS_WHAT_I_HANDLED,
            )
        for count, place in enumerate(seen, start=1):
            if (place or 0) < count:
                return wrong(
                    f"If the process died while `send_message` is at work on order {first.given[count - 1]}, that message would be tried again.",
                    expected=f"committed offset {count} by then",
                    observed=shown_commit(place),
                    misconception=belief,
                )
        return passed("No order has two messages, and one that failed costs no other.")


class DoneAndOpen(Exercise):
    """No scaffolding: read what a group has read already, and leave its place alone."""

    title = "What has been invoiced?"
    task = (
        "The accountants ask how much of the sales has been invoiced. Billing's group commits after each invoice. `invoiced_and_open(topic, group)` is to return a pair of sums, such as `(128.34, 422.39)`: the `dollars` of all orders that "
        "the group has done, by its committed offsets, and the `dollars` of those that it has still to do. Billing isn't running now, and is to go on tomorrow as if nobody had asked: what it has committed stays as it is. The topic has several "
        "partitions, and in some of them the group may have committed nothing. No records were removed."
    )
    points = 3
    hints = (
        "From which offset does a consumer of billing's group read, and which one would you have to read from?",
        "Reading as a member of the group begins where the group has stopped, whatever `auto_offset_reset` says. Ask for the committed offsets as in exercise 2, and read without a `group_id`.",
        "For each record compare `record.offset` with what is committed in its partition (`None`: nothing): below it the order has been invoiced.",
    )
    why = "The setting `earliest` counts only where there is no commit, so the function read in its own name, from the start of each log, and billing's place stayed where it was. The record at the committed offset is the first one that is open."
    misconceptions = (EARLIEST_ALWAYS_REPLAYS, COMMIT_THE_LAST_ONE)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Three partitions, in one of which nothing is committed."""
        lengths = (6, 5 + scene.random.randint(0, 2), 4)
        topic, group = scene.topic("orders", partitions=len(lengths)), scene.group("billing")
        logs = [_paid(scene, length) for length in lengths]
        for partition, log in enumerate(logs):
            scene.publish(topic, log, partition)
        places = {0: scene.random.randint(2, 4), 1: scene.random.randint(1, 3)}
        scene.commit(group, topic, places)
        before = {(topic, partition): place for partition, place in places.items()}
        result = scene.call(attempt, topic, group)
        done, total = _sum(logs, places), _sum(logs, dict(enumerate(lengths)))
        shifted = _sum(logs, {partition: place + 1 for partition, place in places.items()})
        if (after := scene.committed(group)) != before:
            return wrong(
                "Billing wouldn't go on tomorrow where it has stopped: its place was moved.",
                expected=shown_commits(before),
                observed=shown_commits(after),
                misconception=EARLIEST_ALWAYS_REPLAYS if same_pair(result, 0.0, total - done) else None,
            )
        if not same_pair(result, done, total - done):
            belief = EARLIEST_ALWAYS_REPLAYS if same_pair(result, 0.0, total - done) else None
            return wrong(
                "Those aren't the sums.",
                expected=f"({done:.2f}, {total - done:.2f}), which are done and open",
                observed=shown(result),
                misconception=COMMIT_THE_LAST_ONE if same_pair(result, shifted, total - shifted) else belief,
            )
        return passed("The accountants have their sums, and billing hasn't noticed.")


class FewRepeats(Exercise):
    """The stretch: commits are dear, and so are repeats."""

    title = "Few commits, few repeats"
    task = (
        "A commit for each order is too much for the broker, and a single one at the end repeats too much after a crash. `bill_in_batches(topic, group, write_invoice, most)` is to call `write_invoice(order)` for each order, and begins and ends "
        "as `bill` does in exercise 3. At the end all is committed. Before that it may crash at any moment, and two things hold. No order is lost. And for `most` orders at most, the next call has to call `write_invoice` once more. Between "
        "two commits there are at least `most` orders; only the last commit, at the end, may come sooner. (The topic has one partition.)"
    )
    points = 3
    hints = (
        "How many orders does a crash repeat that comes just before a commit?",
        "Either count the orders since the last commit; or let the consumer take no more than `most` at a time (`max_poll_records`), and commit after each batch.",
        "Turn auto-commit off. When you have counted `most` orders, commit the last one's offset plus one, and begin to count anew; behind the loop commit once more.",
    )
    why = "What a crash repeats is what was done since the last commit. So the size of a batch is the price of a crash, and the number of commits the price of each day without one."
    misconceptions = (AUTO_COMMIT_IS_SAFE, COMMIT_ANYWHERE, COMMIT_KNOWS_WHAT_I_HANDLED, COMMIT_THE_LAST_ONE)
    is_stretch = True

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """At each order, what a crash would now lose or repeat."""
        most = scene.random.randint(3, 5)
        topic, group, orders = _work(scene, 4 * most + 2, 5 * most - 1)
        seen: list[int] = []
        handler = Handler(look=lambda: seen.append(_committed(scene, group, topic) or 0))
        scene.call(attempt, topic, group, handler, most)
        if problem := handler.misfit(orders):
            return problem
        if handler.handled != ids(orders):
            return wrong(
                "The invoices aren't those of the orders, each once and in their order.",
                expected=f"orders {listed(ids(orders))}",
                observed=f"orders {listed(handler.handled)}",
            )
        for count, committed in enumerate(seen):
            if committed > count:
                return wrong(
                    f"A crash at order {orders[count]['order_id']} would lose orders.",
                    expected=f"committed offset {count} at most, when {counted(count, 'order')} {'is' if count == 1 else 'are'} done",
                    observed=shown_commit(committed),
                    misconception=COMMIT_ANYWHERE if seen[0] else COMMIT_KNOWS_WHAT_I_HANDLED,
                )
            if count + 1 - committed > most:
                one_less = COMMIT_THE_LAST_ONE if committed and (committed + 1) % most == 0 else None
                return wrong(
                    f"A crash right after order {orders[count]['order_id']} would repeat more than {most} orders.",
                    expected=f"committed offset {count + 1 - most} or more, when {count + 1} orders are done",
                    observed=shown_commit(committed),
                    misconception=AUTO_COMMIT_IS_SAFE if _by_itself(attempt) else one_less,
                )
        end = _committed(scene, group, topic)
        if end != len(orders):
            return wrong(
                "All is invoiced, and the group isn't at the end of the log.",
                expected=f"committed offset {len(orders)}",
                observed=shown_commit(end),
                misconception=COMMIT_THE_LAST_ONE if end == len(orders) - 1 else None,
            )
        places = sorted({0, *seen, end})
        if any(other - one < most for one, other in pairwise(places) if other != end):
            return wrong(
                "There are more commits than the broker is to bear.",
                expected=f"at least {most} orders from one commit to the next, but for the last one",
                observed=f"commits at the offsets {listed(places[1:])}",
            )
        return passed("A crash repeats few orders, and there are few commits.")


_STARTS = {3: 6, 4: 5}  # of the logs whose oldest records have been removed


def _left(lengths: tuple[int, ...], places: dict[int, int], starts: dict[int, int] = _STARTS) -> list[int]:
    """What is left to read in each partition, as far as somebody goes by these starts."""
    begins = [max(places.get(number, 0), starts.get(number, 0)) for number in range(len(lengths))]
    return [length - begin for length, begin in zip(lengths, begins, strict=True)]


def _work(scene: Scene, fewest: int, most: int) -> tuple[str, str, list[Purchase]]:
    """A topic with one partition, a group that hasn't read it, and what is in it."""
    topic, orders = scene.topic("orders"), scene.orders(scene.random.randint(fewest, most))
    scene.publish(topic, orders)
    return topic, scene.group("billing"), orders


def _committed(scene: Scene, group: str, topic: str) -> int | None:
    return scene.committed(group).get((topic, 0))


def _about(committed: int | None, right: int, polled: int) -> Misconception | None:
    """What somebody believes who committed that, where so many records had been polled."""
    if committed == right - 1:
        return COMMIT_THE_LAST_ONE
    return COMMIT_KNOWS_WHAT_I_HANDLED if committed == polled else None


def _by_itself(attempt: object) -> bool:
    """Whether the function's consumer commits by itself."""
    return mentions(attempt, "KafkaConsumer") and not mentions(attempt, "enable_auto_commit")


def _paid(scene: Scene, count: int) -> list[Purchase]:
    """Orders that cost something: so that each wrong sum is another one."""
    return [order for order in scene.orders(count + 30) if order["dollars"] > 1][:count]


def _sum(logs: list[list[Purchase]], places: dict[int, int]) -> float:
    return sum(order["dollars"] for number, log in enumerate(logs) for order in log[: places.get(number, 0)])


EXERCISES = (CommitThePlace(), Lag(), AtLeastOnce(), AtMostOnce(), DoneAndOpen(), FewRepeats())
