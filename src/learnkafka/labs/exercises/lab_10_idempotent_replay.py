"""Lab 10: a note for each order, a replay, a note with two states, what holds, offsets and records in one, and where it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from learnkafka.labs.calling import DeadlineError, LearnerError
from learnkafka.labs.comparing import same, same_pair
from learnkafka.labs.exercise import Exercise
from learnkafka.labs.handling import Handler, Slip
from learnkafka.labs.mailhouse import ANSWER_LOST, REFUSED, MailHouse, judged, stays
from learnkafka.labs.misconceptions import (
    ABORTED_CANT_BE_SEEN,
    COMMIT_ANYWHERE,
    COMMIT_IS_IN_THE_TRANSACTION,
    COMMIT_KNOWS_WHAT_I_HANDLED,
    COMMIT_THE_LAST_ONE,
    EXACTLY_ONCE_REACHES_EVERYWHERE,
    KEY_BY_OFFSET,
    LOOK_THEN_WRITE,
    NEW_KEY_FOR_EACH_TRY,
    NOTE_LAST,
    NOTED_IS_DONE,
    NOTES_GO_BY_THEMSELVES,
    READS_FROM_THE_START,
    from_the_end,
)
from learnkafka.labs.notes import DAY, Notes, WithNotes
from learnkafka.labs.orders import ids, order_id
from learnkafka.labs.repeating import (
    During,
    Invoicing,
    dying,
    each,
    killed_in_between,
    more_than_once,
    no_end,
    not_once,
    of_none,
    other_note,
    raced,
    raised,
    renewed,
    under_notes,
    with_a_customer_twice,
)
from learnkafka.labs.showing import counted, listed, shown, shown_commits
from learnkafka.labs.transacting import committed_values, half_done, transactional_producer, write
from learnkafka.labs.verdict import Misconception, Verdict, passed, wrong
from learnkafka.labs.watching import Consumers, watched

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.purchases import Purchase

TRIES = 4  # calls after which every mail has to be out


class OnceForEachOrder(WithNotes):
    """A worked example with one gap."""

    title = "Once for each order"
    task = (
        "However often an order comes, its invoice is to be sent once. `notify_once(redis, notes, order, send_invoice)` has a client of Redis, the beginning of the service's keys, an order and the function that sends. "
        "The order's key is there already. The rest is missing: to write a note under the key if there is none yet, for a day (`DAY` seconds), and to call `send_invoice(order)` if it was this call that wrote it. A note that is there stays as it is. Other members do the same at the same time."
    )
    points = 1
    hints = (
        "Two members ask at the same moment whether there is a note. What will each of them do next?",
        "One command can ask and write: `redis.set()`, with two arguments beside key and value. It gives `True` to whoever has written, and `None` to all others.",
        "The two arguments are `nx`, which is true or false, and `ex`, which is a number of seconds. Lesson 10 does it under *A note for each order*.",
    )
    why = "Redis does one command after the other, so of all who write if absent one is the first, and only that one sends. The day is given in the same command: there is no moment in which the note would stay for ever."
    misconceptions = (LOOK_THEN_WRITE, NOTES_GO_BY_THEMSELVES)

    def judge(self, scene: Scene, notes: Notes, attempt: Callable[..., Any]) -> Verdict:
        """One order twice, another one once, and one that two members have at the same time."""
        first, second, third = scene.orders(3)
        again: Verdict | None = None
        for order, times in ((first, 2), (second, 1)):
            member, sent = notes.member(), Handler()
            scene.call(attempt, member.client, notes.beginning, order, sent)
            if problem := sent.misfit([order]) or no_end(notes, member, order):
                return problem
            is_right, life = notes.lives_a_day(notes.key(order)), notes.age(notes.key(order))
            for _ in range(times - 1):
                scene.call(attempt, member.client, notes.beginning, order, sent)
            what = f"Order {order['order_id']} came {'twice' if times > 1 else 'once'}."
            if (
                problem := sent.misfit([order])
                or not_once(sent, what, of_none(attempt))
                or no_end(notes, member, order)
            ):
                return problem
            if not is_right:
                return other_note(notes, order, f"a note for {DAY:,} seconds")
            again = again or renewed(notes, order, life)
        return raced(scene, notes, each(attempt, notes, third)) or again or passed("Each order had its invoice once.")


class EveryInvoiceAgain(WithNotes):
    """A replay, and an order that is in the topic twice."""

    title = "Every invoice again"
    task = (
        "`notify(topic, group, redis, notes, send_invoice)` is to go on where the group has stopped, to read to the end of all partitions, to commit, and to call `send_invoice(order)` once for each order, with the order as a dictionary. Some orders are in the topic more than once, since a customer has pressed the button twice. "
        "And when the group is reset, or another group reads the topic, and the function is called again, in another process, nothing may be sent again. Keys begin with `notes`, and live for a day. Your function of exercise 1 may do a part of it."
    )
    points = 2
    hints = (
        "What is the same in two records of one order, and what isn't?",
        "Read with `unread(consumer)`, and hand each order to `notify_once`.",
        "The consumer needs `group_id=group`, `enable_auto_commit=False` and `auto_offset_reset` from the beginning; behind the loop, `consumer.commit()` commits what was read.",
    )
    why = "The key says what is to happen once: the invoice of this order. So it doesn't matter whether a repeat comes from a replay, a crash or a second record, and the memory outlives the process."
    misconceptions = (KEY_BY_OFFSET, LOOK_THEN_WRITE, NOTES_GO_BY_THEMSELVES, READS_FROM_THE_START)

    def judge(self, scene: Scene, notes: Notes, attempt: Callable[..., Any]) -> Verdict:
        """Two partitions, two orders twice; then a reset, and one more order."""
        topic, group = scene.topic("orders", partitions=2), scene.group("notifications")
        orders = with_a_customer_twice(scene, 8)
        twice, later = orders[1:3], orders[-1]
        other_bytes = cast("Purchase", dict(reversed(twice[1].items())))  # the same order nevertheless
        logs = [[*orders[0:4], twice[0]], [*orders[4:7], other_bytes]]
        for partition, log in enumerate(logs):
            scene.publish(topic, log, partition)
        first, second, third = Handler(), Handler(), Handler()
        member = notes.member()
        scene.call(attempt, topic, group, member.client, notes.beginning, first)
        if problem := first.misfit(orders):
            return problem
        if not first.given:
            return wrong(
                "No order was read.",
                expected="an invoice for each order",
                observed="none",
                misconception=from_the_end(attempt),
            )
        if missing := [one for one in ids(orders[:7]) if one not in first.handled]:
            return wrong(
                "Not every order has its invoice.",
                expected="one for each order",
                observed=f"none for {listed(missing)}",
            )
        again = more_than_once(first.handled)
        ends = {(topic, partition): len(log) for partition, log in enumerate(logs)}
        if not again and (committed := scene.committed(group)) != ends:
            return wrong("The group isn't at the end.", expected=shown_commits(ends), observed=shown_commits(committed))
        scene.publish(topic, [later], 0)
        scene.commit(group, topic, {0: 0, 1: 0})
        scene.call(attempt, topic, group, notes.member().client, notes.beginning, second)
        if replayed := [one for one in ids(orders[:7]) if one in second.handled]:
            return wrong(
                "The group was reset, and the function called again.",
                expected=f"an invoice for the new order {later['order_id']} only",
                observed=f"invoices again for {listed(replayed)}",
            )
        if problem := under_notes(notes, orders[:7]):
            return problem
        if again:
            return wrong(
                "An order that is in the topic twice has two invoices.",
                expected="one invoice for each order",
                observed=f"two for {listed(again)}",
                misconception=KEY_BY_OFFSET if len(again) > 1 and len(notes.keys()) > len(orders) else None,
            )
        if second.handled != ids([later]):
            return wrong(
                "A new order has come, and the group was reset.",
                expected=f"an invoice for order {later['order_id']}",
                observed=f"invoices for {listed(second.handled)}",
            )
        if problem := no_end(notes, member, later):
            return problem
        if short := [key for key in notes.keys() if not notes.lives_a_day(key)]:  # noqa: SIM118
            return wrong(
                "A note doesn't live for a day.",
                expected=f"notes for {DAY:,} seconds",
                observed=notes.shown(short[0]),
            )
        scene.call(attempt, topic, scene.group("others"), notes.member().client, notes.beginning, third)
        if third.given:
            return wrong(
                "Another group has read the topic, as after a change of the group's name.",
                expected="no invoice: each order has one",
                observed=f"invoices again for {listed(third.given)}",
            )
        return self._raced(scene, notes, attempt) or passed("Each order had its invoice once, also after the replay.")

    def _raced(self, scene: Scene, notes: Notes, attempt: Callable[..., Any]) -> Verdict | None:
        """Two processes of two groups have one order at the same time."""
        topic = scene.topic("contested")
        scene.publish(topic, scene.orders(1))
        notes.expire_all()
        groups = iter((scene.group("racing-1"), scene.group("racing-2")))
        return raced(scene, notes, lambda client, sent: (attempt, topic, next(groups), client, notes.beginning, sent))


class SendingOrSent(WithNotes):
    """A note with two states, and a process that is killed."""

    title = "Sending, or sent"
    task = (
        "A crash must not lose an invoice any more. `send_or_wait(redis, notes, order, send_invoice)` is to write the note `sending` first, for 30 seconds at most; then to call `send_invoice(order)`; and then to write `sent`, for a day. It returns `True` when the invoice is out, by this call or by one before. It returns `False`, and doesn't wait, "
        "when another member is at it, or has died in the midst of it: then the service comes back to the order later. When `send_invoice` raises, let the error go out. The key is `notes` and then the order's id."
    )
    points = 3
    hints = (
        "Which of the three steps decides which member sends, and what should the others see at that moment?",
        "The first `set` needs `nx` and a short `ex`. The last one replaces the note, so it has a long `ex` and no `nx`.",
        'Who hasn\'t written the first note reads what is there: `redis.get(key)` gives bytes. `b"sent"` is `True`, anything else `False`.',
    )
    why = "The first note has one winner, and it goes by itself when its writer has died, so no invoice is lost. What is left is a crash after the mail and before `sent`: that one repeats, unless the mail house knows the key."
    misconceptions = (NOTE_LAST, NOTED_IS_DONE, LOOK_THEN_WRITE, NOTES_GO_BY_THEMSELVES)

    def judge(self, scene: Scene, notes: Notes, attempt: Callable[..., Any]) -> Verdict:
        """An order that goes well, one whose process is killed, and one that two members have at the same time."""
        well, killed, contested, failing = scene.orders(4)
        during = During(notes, well)
        member, sent = notes.member(), Handler(look=during)
        results = [scene.call(attempt, member.client, notes.beginning, well, sent) for _ in range(2)]
        if problem := sent.misfit([well]) or not_once(sent, f"Order {well['order_id']} came twice."):
            return problem
        if problem := no_end(notes, member, well) or during.problem():
            return problem
        if notes.value(notes.key(well)) != b"sent" or not notes.lives_a_day(notes.key(well)):
            return other_note(notes, well, f"the note 'sent', for {DAY:,} seconds")
        if not all(same(one, True) for one in results):
            return wrong(
                "The order came twice, and its invoice is out.",
                expected="True, and True again",
                observed=f"{listed(map(shown, results))}; under the key Redis has {notes.value(notes.key(well))!r}",
            )
        return (
            killed_in_between(scene, notes, attempt, killed)
            or raised(scene, notes, attempt, failing)
            or raced(scene, notes, each(attempt, notes, contested))
            or passed("No crash loses an invoice, and no second member sends it.")
        )


class WhatHolds(Exercise):
    """Transactions from the reader's side."""

    title = "What is to be paid?"
    task = "Billing writes its invoices in transactions. Some were aborted, and the orders in them billed again later, or cancelled. `to_pay(invoices)` is to return two things as a pair: how many invoices hold, and how many dollars they come to. An invoice is JSON with `order_id` and `dollars`; the topic has two partitions."
    points = 2
    hints = (
        "Who decides whether a consumer is given what was aborted?",
        "A setting of the consumer says so. By default it is given everything that is in the log.",
        "The setting is `isolation_level`; its other value leaves out what wasn't committed. And count the records that you get: markers take offsets, too.",
    )
    why = "An abort removes nothing: it is one more entry in the log, a marker. A consumer that reads committed records leaves out what the marker speaks of; all others see every attempt."
    misconceptions = (ABORTED_CANT_BE_SEEN, READS_FROM_THE_START)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Committed, aborted and again committed."""
        topic = scene.topic("invoices", partitions=2)
        orders = [order for order in scene.orders(50) if order["dollars"] > 1][: scene.random.randint(9, 12)]
        first, again, cancelled, last = orders[:3], orders[3:5], orders[5:7], orders[7:]
        write(scene, topic, [(first, True), (again + cancelled, False), (again + last, True)], partitions=2)
        result = scene.call(attempt, topic)
        holding = first + again + last
        if same_pair(result, len(holding), _dollars(holding)):
            return passed("What was aborted isn't counted.")
        everything = holding + again + cancelled
        belief = ABORTED_CANT_BE_SEEN if same_pair(result, len(everything), _dollars(everything)) else None
        if same_pair(result, 0, 0):
            belief = from_the_end(attempt)
        each_once = same_pair(result, len(orders), _dollars(orders))
        return wrong(
            "No invoice was read."
            if belief is READS_FROM_THE_START
            else "That isn't what the invoices that hold come to.",
            expected=f"({len(holding)}, {_dollars(holding):.2f})",
            observed=shown(result) + (", which is one invoice for each order, cancelled ones too" if each_once else ""),
            misconception=belief,
        )


class AllTogether(Exercise):
    """No scaffolding: consume, transform, produce."""

    title = "All together, or not at all"
    task = (
        "`bill(topic, group, producer, invoices, make_invoice)` is to read the orders on which the group hasn't worked yet, to the end of the topic, and to send for each order (a dictionary) what `make_invoice(order)` gives, which is bytes, to the topic `invoices`. All these invoices and the group's new place are to hold together or not at all. "
        "`producer` has a `transactional_id`, and its `init_transactions()` has been called. When `make_invoice` raises, abort, and let the error go out. The process may be killed at any moment; the next call comes with a new producer. (The topic has one partition.)"
    )
    points = 3
    hints = (
        "Which two things have to be in the transaction, and which call puts each of them there?",
        "`producer.send()` between `begin_transaction()` and the end, and `producer.send_offsets_to_transaction()` in place of `consumer.commit()`.",
        "`send_offsets_to_transaction` takes the same dictionary as `consumer.commit()`, and `consumer.group_metadata()`. Put `try` around the work, and in `except` abort and `raise`.",
    )
    why = "Invoices and place are written to Kafka in one transaction, so no crash can come between them: a crash before its end takes both back, one after it neither. That is exactly once, from Kafka to Kafka."
    misconceptions = (COMMIT_IS_IN_THE_TRANSACTION, COMMIT_THE_LAST_ONE, READS_FROM_THE_START)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """A call that fails, one killed before the transaction's end, one killed after it, and one with nothing to do."""
        topic, invoices, group = scene.topic("orders"), scene.topic("invoices"), scene.group("billing")
        orders = scene.orders(scene.random.randint(5, 8))
        scene.publish(topic, orders)
        name = scene.broker.name(f"billing-{scene.random.getrandbits(32):08x}")
        consumers = Consumers()

        def call(raises_at: int = 0, dies: str = "", when: str = "") -> Invoicing:
            work = Invoicing(raises_at)
            producer = transactional_producer(scene, name, dies)
            try:
                with watched(consumers, lambda: producer.is_dead), dying(producer):
                    scene.call(attempt, topic, group, producer, invoices, work)
            except LearnerError as raised:
                if not isinstance(raised.error, Slip):
                    raised.when = when
                    raise
                work.came_out = True
            producer.is_dead = False  # so that the scene may close it
            work.left_open = producer.open_transactions > 0
            scene.empty_group(group)
            return work

        def belief() -> Misconception | None:
            return COMMIT_IS_IN_THE_TRANSACTION if consumers.committed or consumers.commit_themselves else None

        work = call(raises_at=scene.random.randint(2, 4))
        if problem := work.handler.misfit(orders) or work.problem(attempt, orders):
            return problem
        if consumers.commit_themselves:
            return wrong(
                "Your consumer commits by itself, every few seconds, whatever becomes of the transaction: what is aborted later would be lost.",
                expected="a place that the group has from the transaction only",
                observed="a consumer whose auto-commit is on, as it is by default",
                misconception=belief(),
            )
        if problem := half_done(scene, topic, group, invoices, "`make_invoice` raised.", belief()):
            return problem
        call(dies="before")
        transactional_producer(scene, name)  # as after a restart: what was left open is aborted
        what = "The process was killed before the transaction was committed."
        if problem := half_done(scene, topic, group, invoices, what, belief()):
            return problem
        call(dies="after")
        transactional_producer(scene, name)  # so that the last marker is written
        end, committed = {(topic, 0): len(orders)}, scene.committed(group)
        call(when="There was no new order this time.")
        transactional_producer(scene, name)
        found = Counter(committed_values(scene, invoices))
        killed = "The process was killed when the transaction had been committed"
        if committed == {(topic, 0): len(orders) - 1}:
            return wrong(
                f"{killed}.",
                expected=shown_commits(end),
                observed=f"{shown_commits(committed)}, which is the order that was done last",
                misconception=COMMIT_THE_LAST_ONE,
            )
        if found != Counter(Invoicing.text(order) for order in ids(orders)):
            nothing = "" if committed else "; nothing was committed in the transaction that had the invoices"
            return wrong(
                f"{killed}, and the function was called again.",
                expected=f"{counted(len(orders), 'invoice')} that hold, one for each order",
                observed=f"{sum(found.values())} that hold{nothing}",
                misconception=belief() if sum(found.values()) > len(orders) else None,
            )
        if (committed := scene.committed(group)) != end:
            return wrong(
                "All is billed, and the group isn't at the end.",
                expected=shown_commits(end),
                observed=shown_commits(committed),
            )
        return passed("Invoices and place held together, wherever the process was killed.")


class MailWhatHolds(Exercise):
    """The stretch: behind the transaction."""

    title = "Mail what holds"
    task = (
        "`mail_invoices(invoices, group, url)` is to go on where the group has stopped, and to ask the mail house at `url` for a mail for each invoice: `post(url, invoice, headers)` does that, and raises `OSError` when the answer is an error, or doesn't come. Then let the error go out: the next call goes on. Billing writes the invoices in transactions, some were aborted, and an order may have two that hold, with other amounts. "
        "Each order with an invoice that holds is to have one mail in the end, and no other order any, though answers get lost, and the group is reset. The mail house knows an `Idempotency-Key`. (The topic has one partition.)"
    )
    points = 3
    hints = (
        "An answer is lost. Was the mail sent, and who knows?",
        "Read only what was committed; commit each invoice's place after its mail; and let the mail house recognise a repeat.",
        '`headers` is a dictionary, `{"Idempotency-Key": …}`, with a text that is the same whenever this order\'s mail is asked for, and another one for each order.',
    )
    why = "The transaction ends where the mail begins: it made sure that each invoice is in the topic once. From there on it is at least once, and the mail house, where the effect is, makes one mail of it by the key."
    misconceptions = (
        ABORTED_CANT_BE_SEEN,
        EXACTLY_ONCE_REACHES_EVERYWHERE,
        NEW_KEY_FOR_EACH_TRY,
        KEY_BY_OFFSET,
        COMMIT_ANYWHERE,
        COMMIT_KNOWS_WHAT_I_HANDLED,
        COMMIT_THE_LAST_ONE,
    )
    is_stretch = True

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """One request is refused, one answer is lost; in the end the group is reset."""
        invoices, group = scene.topic("invoices"), scene.group("mailing")
        orders = with_a_customer_twice(scene, 8)
        holding, cancelled, again, alike, other = orders[:6], orders[6:], orders[3], orders[1], orders[0]
        dearer: Purchase = {**other, "dollars": other["dollars"] + 1}
        batches = [(holding[:3], True), ([*cancelled, again], False), ([*holding[3:], alike, dearer], True)]
        write(scene, invoices, batches)
        either = [one for one in holding if one not in (again, alike, other)]
        chosen = scene.random.sample(range(len(either)), 2)
        refused, lost = ids(
            [either[place] for place in sorted(chosen)]
        )  # in the topic's order: the refusal is met first
        records = scene.records(invoices)
        [place] = [record.offset for record in records if order_id(record) == refused]
        end = max(record.offset for record in records if order_id(record) == other["order_id"]) + 1
        consumers, jumped = Consumers(), False

        def committed() -> int:
            return scene.committed(group).get((invoices, 0), 0)

        with MailHouse({refused: REFUSED, lost: ANSWER_LOST}) as house, watched(consumers):
            for _ in range(TRIES):
                refusals = house.refusals
                is_done = not self._fails(scene, attempt, invoices, group, house)
                if house.refusals > refusals:
                    house.relent()
                    if is_done:
                        return wrong(
                            f"The mail house refused the first request for order {refused}, and the error didn't come out.",
                            expected="the OSError that `post` raised",
                            observed=f"your function went on: {counted(house.refusals, 'refusal')}, and no error",
                        )
                    jumped = committed() > place
                if is_done:
                    break
            first, asked, reached = list(house.mails), len(house.asked), committed()
            self._fails(scene, attempt, invoices, group, house)
            further = stays(house, asked, reached, end, COMMIT_THE_LAST_ONE)
            scene.commit(group, invoices, {0: 0})
            self._fails(scene, attempt, invoices, group, house)
        missing = [one for one in ids(holding) if one not in first]
        belief = COMMIT_KNOWS_WHAT_I_HANDLED if consumers.committed_position else COMMIT_ANYWHERE
        problem = judged(house, missing, belief if jumped else None, refused, lost, ids(cancelled), alike["order_id"])
        return problem or further or passed("Each order whose invoice holds has one mail.")

    def _fails(self, scene: Scene, attempt: Callable[..., Any], invoices: str, group: str, house: MailHouse) -> bool:
        """Call it once; whether a request failed, and the error came out."""
        asked = len(house.asked)
        try:
            scene.call(attempt, invoices, group, house.url)
        except DeadlineError as late:
            late.when = (
                "The mail house refuses an order: expected the OSError, and not another try." if house.refusals else ""
            )
            raise
        except LearnerError as raised:
            if not isinstance(raised.error, OSError) or len(house.asked) == asked:
                raise
            return True
        finally:
            scene.empty_group(group)
        return False


def _dollars(orders: list[Purchase]) -> float:
    return sum(order["dollars"] for order in orders)


EXERCISES = (OnceForEachOrder(), EveryInvoiceAgain(), SendingOrSent(), WhatHolds(), AllTogether(), MailWhatHolds())
