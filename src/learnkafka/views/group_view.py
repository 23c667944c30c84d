"""A consumer group: its members, what they have, what rebalances did, and buttons that start and end them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from learnkafka.errors import CourseError
from learnkafka.members import Member, members_of, start_like
from learnkafka.views.base import View, with_board
from learnkafka.views.group_table import group_table

if TYPE_CHECKING:
    from learnkafka.broker import Broker
    from learnkafka.observe.group_contents import GroupContent
    from learnkafka.observe.group_look import GroupLook
    from learnkafka.observe.recorded import Frame
    from learnkafka.observe.recorder import Look
    from learnkafka.views.table import Snapshot

SLOW_MS = 500

_ORDERS: dict[str, Callable[[Member], Any]] = {
    "add": start_like,
    "slow": lambda member: member.slow(SLOW_MS),
    "speed": lambda member: member.slow(0),
    "pause": Member.pause,
    "resume": Member.resume,
    "stop": Member.stop,
    "kill": Member.kill,
}


class GroupView(View):
    """Draws what a GroupLook sees, or a Replay of it; without a broker its buttons do nothing."""

    _esm = with_board("group.js")
    _css = with_board("group.css")
    what = "group"

    def __init__(self, look: Look, group: str, broker: Broker | None = None) -> None:
        super().__init__(look, group)
        self._look = look
        self._broker = broker

    def __repr__(self) -> str:
        return f"<group {self._name}>"

    def _snapshot(self, frame: Frame) -> Snapshot:
        return group_table(cast("GroupContent", frame.content), frame.said if frame.state != "live" else "")

    def _hear(self, widget: object, content: dict[str, Any], buffers: object) -> None:
        match content:
            case {"order": str(order), "member": str(name)} if self._broker and order in _ORDERS:
                # A member may take seconds to stop; a callback must not.
                threading.Thread(
                    target=self._carry_out, args=(self._broker, order, name), name=f"learnkafka-{order}", daemon=True
                ).start()
            case _:
                super()._hear(widget, content, buffers)

    def _carry_out(self, broker: Broker, order: str, name: str) -> None:
        """What went wrong is said in the view: a thread has nobody else to tell."""
        look = cast("GroupLook", self._look)
        try:
            look.notice = ""
            members = members_of(broker, self._name)
            wanted = [one for one in members if order == "add" or one.name == name]
            if not wanted:
                look.notice = (
                    f"There is no member {name!r} here any more." if name else "No member was started here yet."
                )
                return
            _ORDERS[order](wanted[-1])
        except CourseError as error:
            look.notice = str(error)
        except Exception as error:  # noqa: BLE001 - a thread's traceback would land in whichever cell runs
            look.notice = f"That didn't work ({type(error).__name__}: {error})."
