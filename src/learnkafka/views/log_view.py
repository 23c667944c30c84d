"""The log of a topic: partitions as rows of cells, and how far readers have come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from learnkafka.views.base import View, with_board
from learnkafka.views.table import Snapshot

if TYPE_CHECKING:
    from learnkafka.observe.log_contents import LogContent, LogPartition
    from learnkafka.observe.recorded import Frame
    from learnkafka.observe.recorder import Look

NEWEST = 6
"""So many of a partition's records stand in the table."""
NEWEST_COLUMN = "newest records"


class LogView(View):
    """Draws what a LogLook sees, or a Replay of it."""

    _esm = with_board("log.js")
    _css = with_board("log.css")
    what = "log"

    def __init__(self, look: Look, topic: str) -> None:
        super().__init__(look, topic)

    def _snapshot(self, frame: Frame) -> Snapshot:
        return log_table(cast("LogContent", frame.content), frame.said if frame.state != "live" else "")


def log_table(content: LogContent, said: str = "") -> Snapshot:
    """Offsets and newest records; no times, sizes, segments or leaders, which differ from run to run."""
    if not content.get("partitions"):
        return Snapshot(said or "Nothing has been seen yet.", (), ())
    count = len(content["partitions"])
    up_to = "" if content["exact"] else "up to "
    caption = f"{content['topic']}: {_plural(count, 'partition')}, {up_to}{_plural(content['records'], 'record')}"
    columns = {"partition": "number", "log start": "log_start"}
    if content["group"]:
        columns["committed"] = "committed"
    if content["follows"]:
        columns["position"] = "position"
    columns |= {"high watermark": "high_watermark", "end": "end"}
    if content["group"] or content["follows"]:
        columns["lag"] = "lag"
    rows = tuple(
        (*(_number(cast("dict[str, Any]", one)[name]) for name in columns.values()), _newest(one))
        for one in content["partitions"]
    )
    if content["group"]:
        caption += f", read by {content['group']}"
    return Snapshot(
        f"{caption}. {said}" if said else caption, (*columns, NEWEST_COLUMN), rows, frozenset({NEWEST_COLUMN})
    )


def _newest(partition: LogPartition) -> str:
    """Offset and key of each; of those without a key the offset alone."""
    records = partition["records"]
    if records is None:
        return "not visible here"
    shown = [f"{offset} {key}" if key is not None else str(offset) for offset, _, key, _, _ in records[-NEWEST:]]
    held = (partition["high_watermark"] or 0) - (partition["log_start"] or 0)
    return ("… " if held > len(shown) == NEWEST else "") + " | ".join(shown)


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
