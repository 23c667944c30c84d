"""What checks on repeats have in common: orders that come twice, members that race or are killed, and what their notes say."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from learnkafka.labs.calling import DeadlineError, LearnerError
from learnkafka.labs.comparing import same
from learnkafka.labs.handling import Handler, Slip
from learnkafka.labs.misconceptions import (
    LOOK_THEN_WRITE,
    NOTE_LAST,
    NOTED_IS_DONE,
    NOTES_GO_BY_THEMSELVES,
    from_the_end,
)
from learnkafka.labs.showing import counted, listed, shown
from learnkafka.labs.source import mentions
from learnkafka.labs.verdict import Verdict, wrong
from learnkafka.purchases import purchases

if TYPE_CHECKING:
    from learnkafka.labs.notes import Member, Notes
    from learnkafka.labs.scene import Scene
    from learnkafka.purchases import Purchase

SHORT = 30  # seconds that a note may say `sending`
ANOTHER_IS_AT_IT = "Another member's note was there"
_AT_ONCE = 0.5  # seconds


def with_a_customer_twice(scene: Scene, count: int) -> list[Purchase]:
    """Orders of which the first and the fourth are of one customer."""
    everything = purchases()
    first = scene.random.choice(everything)
    while not (others := [one for one in everything if one["customer"] == first["customer"] and one != first]):
        first = scene.random.choice(everything)
    second = scene.random.choice(others)
    rest = [one for one in scene.orders(count) if one not in (first, second)][: count - 2]
    return [first, *rest[:2], second, *rest[2:]]


def more_than_once(things: list[Any]) -> list[Any]:
    """Those that are there more than once."""
    return [one for one, times in Counter(things).items() if times > 1]


@contextmanager
def dying(process: Any) -> Iterator[None]:
    """The learner's function is killed in this block; what a handler of its own does or raises when `process.is_dead`, a real kill wouldn't."""
    try:
        yield
    except LearnerError:
        if not process.is_dead:
            raise


def not_once(sent: Handler, what: str, word: str = "") -> Verdict | None:
    """A verdict where an order doesn't have one invoice; with a word on it where there are more."""
    if len(sent.handled) == 1:
        return None
    observed = f"sent {counted(len(sent.handled), 'time')}{word if sent.handled else ''}"
    return wrong(what, expected="its invoice sent once", observed=observed)


def of_none(attempt: object) -> str:
    """What is to be said to somebody who waits for False from Redis's client."""
    waits = any(mentions(attempt, word) for word in ("is False", "is not False", "== False", "!= False"))
    return "; to who hasn't written, redis.set() gives None, and not False" if waits else ""


def renewed(notes: Notes, order: Purchase, life: int) -> Verdict | None:
    """A verdict where a repeat has given the order's note more than the seconds that were left."""
    now = notes.life(notes.key(order))
    if now is not None and now <= life:
        return None
    return wrong(
        f"Order {order['order_id']} came again two hours later, and that has written its note anew.",
        expected=f"the note as it was, for the {life:,} seconds that were left",
        observed=notes.shown(notes.key(order)),
    )


def under_notes(notes: Notes, orders: list[Purchase]) -> Verdict | None:
    """A verdict where there are fewer keys than orders: they are elsewhere, or the memory is the process's own."""
    there = len(notes.keys())
    if there >= len(orders):
        return None
    return wrong(
        f"{len(orders)} orders have their invoices, and another process is to know that from Redis.",
        expected="a note for each order, under a key that begins with `notes`",
        observed=counted(there, "such key"),
    )


def at_once(scene: Scene, client: Callable[[], Any], attempt: Callable[..., Any], *others: Any) -> tuple[Any, bool]:
    """What it returns where another member is at it, and whether it has waited: each of three times, since the machine may be busy."""
    for _ in range(3):
        start = time.monotonic()
        try:
            result = scene.call(attempt, client(), *others)
        except DeadlineError as late:
            late.when = f"{ANOTHER_IS_AT_IT}: expected False at once, not waiting."
            raise
        if time.monotonic() - start < _AT_ONCE:
            return result, False
    return result, True


def killed_in_between(scene: Scene, notes: Notes, attempt: Callable[..., Any], order: Purchase) -> Verdict | None:
    """A verdict where a member that was killed while it was sending loses the invoice, or another one doesn't leave it alone."""
    victim, key, sent = notes.member(), notes.key(order), Handler()
    with dying(victim):
        scene.call(attempt, victim.client, notes.beginning, order, lambda _: victim.die())
    left = notes.shown(key)
    result, waited = at_once(scene, lambda: notes.member().client, attempt, notes.beginning, order, sent)
    if waited and not sent.given:
        return wrong(
            f"{ANOTHER_IS_AT_IT}.",
            expected="False at once, not waiting",
            observed=f"{shown(result)}, after waiting",
        )
    if sent.given or not same(result, False):
        observed = f"{shown(result)}, and {counted(len(sent.given), 'invoice')} sent, with {left}"
        return wrong(
            "A member was killed while it was sending, and another one came at once.",
            expected="False, and nothing sent",
            observed=observed,
        )
    notes.expire(key)
    result = scene.call(attempt, notes.member().client, notes.beginning, order, sent)
    if len(sent.handled) != 1 or not same(result, True):
        observed = f"{shown(result)}, and {counted(len(sent.handled), 'invoice')}"
        return wrong(
            "The note of a member that was killed is gone, and the order comes again.",
            expected="True, and one invoice",
            observed=observed,
        )
    return None


def raised(scene: Scene, notes: Notes, attempt: Callable[..., Any], order: Purchase) -> Verdict | None:
    """A verdict where an invoice that couldn't be sent counts as sent, or isn't sent later."""
    what, sent, key = f"`send_invoice` raised for order {order['order_id']}", Handler(raises_at=1), notes.key(order)
    try:
        result = scene.call(attempt, notes.member().client, notes.beginning, order, sent)
    except LearnerError as error:
        if not isinstance(error.error, Slip):
            raise
    else:
        there = f"{shown(result)}, after {counted(len(sent.given), 'call')} of it, and {notes.shown(key)}"
        return wrong(f"{what}, and the error didn't come out.", expected="the error", observed=there)
    if notes.value(key) == b"sent":
        return wrong(
            f"{what}: nothing was sent.",
            expected="no note that says 'sent'",
            observed=f"{notes.shown(key)}: its invoice is lost",
        )
    notes.expire(key)
    result = scene.call(attempt, notes.member().client, notes.beginning, order, sent)
    if len(sent.handled) == 1 and same(result, True):
        return None
    observed = f"{shown(result)}, and {counted(len(sent.handled), 'invoice')}"
    return wrong(
        f"{what}, its note is gone, and the order comes again.", expected="True, and one invoice", observed=observed
    )


def no_end(notes: Notes, member: Member, order: Purchase) -> Verdict | None:
    """A verdict where a note stays for ever, or would if the member were killed at the wrong moment."""
    key = notes.key(order)
    endless = [one for one in notes.keys() if notes.life(one) is None]  # noqa: SIM118
    if endless:
        return wrong(
            "A note stays for ever.",
            expected="notes that go after a time",
            observed=notes.shown(endless[0]),
            misconception=NOTES_GO_BY_THEMSELVES,
        )
    if member.endless:
        return wrong(
            "Between two commands a note has no end: if the process is killed there, it stays for ever.",
            expected="a note that has its end from the moment it is written",
            observed=f"one command that writes, another that sets the time; now there is {notes.shown(key)}",
        )
    return None


def other_note(notes: Notes, order: Purchase, expected: str) -> Verdict:
    """A verdict on what was found under the order's key, or elsewhere."""
    key = notes.key(order)
    elsewhere = [one.removeprefix(notes.beginning) for one in notes.keys()]  # noqa: SIM118
    there = f"; there are keys that end in {', '.join(elsewhere)}" if elsewhere and notes.value(key) is None else ""
    return wrong(
        f"The note of order {order['order_id']} isn't as it should be.",
        expected=f"{expected}, under `notes` and then {order['order_id']}",
        observed=notes.shown(key) + there,
    )


Acting = Callable[[Any, Handler], tuple[Any, ...]]


def each(attempt: Callable[..., Any], notes: Notes, order: Purchase) -> Acting:
    """A call on the one order, for `raced`."""
    return lambda client, sent: (attempt, client, notes.beginning, order, sent)


def raced(scene: Scene, notes: Notes, act: Acting) -> Verdict | None:
    """A verdict where two members that have an order at the same time don't send one invoice.

    `act` says what is called, and on what, by a client. The second comes when the first has had an answer to its first command, and is done before the first goes on.
    """
    sent, other = Handler(), notes.member()
    function, *arguments = act(other.client, sent)
    first = notes.member(meanwhile=lambda: function(*arguments))
    scene.call(*act(first.client, sent))
    if len(sent.given) == 1:
        return None
    return wrong(
        "Two members had the same order: when Redis had answered the first one's first command, the second one came in between.",
        expected="one invoice",
        observed=counted(len(sent.given), "invoice"),
        misconception=LOOK_THEN_WRITE if len(sent.given) > 1 else None,
    )


class During:
    """What an order's note says while its invoice is being sent."""

    def __init__(self, notes: Notes, order: Purchase) -> None:
        self._notes = notes
        self._key = notes.key(order)
        self._seen: tuple[Any, int | None, str] | None = None

    def __call__(self) -> None:
        """Look."""
        notes, key = self._notes, self._key
        self._seen = self._seen or (notes.value(key), notes.life(key), notes.shown(key))

    def problem(self) -> Verdict | None:
        """A verdict where a crash at that moment would repeat or lose the invoice."""
        if self._seen is None:
            return None
        value, life, shown = self._seen
        if value == b"sending" and life is not None and life <= SHORT:
            return None
        belief = NOTE_LAST if value is None else NOTED_IS_DONE if value == b"sent" else None
        return wrong(
            "`send_invoice` was called, and at that moment another member looked at the note.",
            expected=f"the note 'sending', for {SHORT} seconds at most",
            observed=shown,
            misconception=belief,
        )


class Invoicing:
    """Makes an invoice of an order, and may raise."""

    def __init__(self, raises_at: int) -> None:
        self.handler = Handler(raises_at)
        self.came_out = False
        """Whether what it raised came out of the learner's function."""
        self.left_open = False
        """Whether a transaction had no end after it."""

    def __call__(self, order: Any) -> bytes:
        self.handler(order)
        return self.text(self.handler.given[-1])

    def problem(self, attempt: object, orders: list[Purchase]) -> Verdict | None:
        """A verdict where it was to raise, and that wasn't answered by an abort and the error."""
        if not self.handler.given:
            return wrong(
                "No order was read: `make_invoice` wasn't called.",
                expected=f"calls for orders of the topic, which has {len(orders)}",
                observed="none",
                misconception=from_the_end(attempt),
            )
        if not self.came_out:
            return wrong(
                "`make_invoice` raised, and the error didn't come out.",
                expected="the error",
                observed=f"calls for {listed(self.handler.given)}, and no error",
            )
        if self.left_open:
            return wrong(
                "`make_invoice` raised, and the transaction is still open.",
                expected="an aborted transaction",
                observed="one without an end: readers of committed records are held up",
            )
        return None

    @staticmethod
    def text(order_id: object) -> bytes:
        """The invoice of an order."""
        return f"invoice for order {order_id}".encode()
