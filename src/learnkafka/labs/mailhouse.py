"""A mail house that checks run: a real HTTP service, which knows an idempotency key again, and whose answers may get lost."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

from learnkafka.labs.misconceptions import (
    ABORTED_CANT_BE_SEEN,
    EXACTLY_ONCE_REACHES_EVERYWHERE,
    KEY_BY_OFFSET,
    NEW_KEY_FOR_EACH_TRY,
)
from learnkafka.labs.repeating import more_than_once
from learnkafka.labs.showing import listed, shown
from learnkafka.labs.verdict import Misconception, Verdict, wrong

REFUSED, ANSWER_LOST = "refused", "answer lost"
PATIENCE = 10  # refusals; a loop that never gives up ends then


class MailHouse:
    """`asked` has the key (or None) and the order of each request, `mails` the orders whose mail went out.

    `mishaps` says what becomes of requests for an order: all refused before anything is done, until `relent` or the patience is at its end; or the first one done and never answered.
    """

    def __init__(self, mishaps: dict[int, str]) -> None:
        self.asked: list[tuple[str | None, Any]] = []
        self.mails: list[Any] = []
        self.odd: list[bytes] = []
        """Bodies that hold no order."""
        self.refusals = 0
        self._mishaps = dict(mishaps)
        self._known: set[str] = set()
        house = self

        class Desk(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                if status := house.take(body, self.headers["Idempotency-Key"]):
                    self.send_response(status)
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Desk)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.02,), name="learnkafka-mail-house", daemon=True).start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def keys_of(self, order_id: int) -> set[str | None]:
        """Those with which it was asked for this order's mail."""
        return {key for key, order in self.asked if order == order_id}

    def relent(self) -> None:
        """Refuse nothing from here on."""
        self._mishaps = {order: mishap for order, mishap in self._mishaps.items() if mishap != REFUSED}

    def take(self, body: bytes, key: str | None) -> int:
        """Do what a request asks for; the status to answer, or 0 for no answer."""
        try:
            order_id = json.loads(body)["order_id"]
            mishap = self._mishaps.get(order_id, "")
        except (ValueError, TypeError, KeyError, RecursionError):
            self.odd.append(body)
            return 400
        self.asked.append((key, order_id))
        if mishap == REFUSED:
            self.refusals += 1
            if self.refusals >= PATIENCE:
                self.relent()
            return 503
        self._mishaps.pop(order_id, None)
        if key is None or key not in self._known:
            self.mails.append(order_id)
            if key is not None:
                self._known.add(key)
        return 0 if mishap == ANSWER_LOST else 204


def judged(
    house: MailHouse,
    missing: list[int],
    jumped: Misconception | None,
    refused: int,
    lost: int,
    cancelled: list[int],
    alike: int,
) -> Verdict | None:
    """What is to be said where orders are `missing` before the group was reset; who `jumped` over the one that was refused believes that. Two invoices of `alike` are the same."""
    if house.odd:
        return wrong(
            "The mail house was asked for something else than an invoice.",
            expected="an invoice of the topic",
            observed=shown(house.odd[0]),
        )
    if mailed := [one for one in cancelled if one in house.mails]:
        return wrong(
            "Orders whose invoice was aborted have a mail.",
            expected="a mail for invoices that hold",
            observed=f"mails for {listed(mailed)}, too",
            misconception=ABORTED_CANT_BE_SEEN,
        )
    if missing:
        keys = {key for key, order in house.asked if order in missing} - {None}
        return wrong(
            f"The mail house refused the first request for order {refused}."
            if refused in missing
            else "Not every order has its mail.",
            expected="a mail for each order whose invoice holds, by the same call or the next ones",
            observed=f"none for {listed(missing)}"
            + ("" if refused in missing or not keys else f"; the key was {listed(map(shown, keys))}"),
            misconception=jumped if missing[0] == refused else None,
        )
    if again := more_than_once(house.mails):
        keys = {key for one in again for key in house.keys_of(one)} - {None}
        belief = NEW_KEY_FOR_EACH_TRY if len(house.keys_of(lost)) > 1 else KEY_BY_OFFSET if alike in again else None
        return wrong(
            f"The answer for order {lost} was lost, other orders have two invoices, and in the end the group was reset.",
            expected="one mail for each order",
            observed=f"more than one for {listed(again)}; "
            + (f"keys {listed(map(shown, sorted(filter(None, keys))), 3)}" if keys else "no request had a key"),
            misconception=belief if keys else EXACTLY_ONCE_REACHES_EVERYWHERE,
        )
    return None


def stays(house: MailHouse, asked: int, committed: int, end: int, belief: Misconception | None) -> Verdict | None:
    """A verdict where everything had its mail and the group isn't at the `end`, or a further call asked again."""
    if committed < end:
        what = "which is the invoice that was mailed last" if committed == end - 1 else "so the next call begins there"
        return wrong(
            "All is mailed, and the group isn't at the end.",
            expected=f"committed {end}",
            observed=f"{f'committed {committed}' if committed else 'nothing committed'}, {what}",
            misconception=belief if committed == end - 1 else None,
        )
    if more := [order for _, order in house.asked[asked:]]:
        return wrong(
            "The group was at the end, and the function was called again.",
            expected="no request: it goes on where the group has stopped",
            observed=f"requests for {listed(more)}",
        )
    return None
