"""A consumer group as a table: who has which partition, and how far the group has come in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from learnkafka.observe.group_contents import NO_MORE
from learnkafka.views.table import Snapshot

if TYPE_CHECKING:
    from learnkafka.observe.group_contents import GroupContent

COLUMNS = {
    "topic": "topic",
    "partition": "number",
    "member": "member",
    "committed": "committed",
    "log start": "log_start",
    "high watermark": "high_watermark",
    "lag": "lag",
}


def group_table(content: GroupContent, said: str = "") -> Snapshot:
    """No times, generations, positions or ids, which differ from run to run."""
    if not content or not (content["members"] or content["partitions"]):
        return Snapshot(said or "Nothing has been seen yet.", (), ())
    partitions = content["partitions"]
    columns = {
        name: key for name, key in COLUMNS.items() if key != "topic" or len({one["topic"] for one in partitions}) > 1
    }
    rows = tuple(tuple(_text(cast("dict[str, Any]", one)[key]) for key in columns.values()) for one in partitions)
    caption = f"{_caption(content)}. {said}" if said else _caption(content)
    return Snapshot(caption, tuple(columns), rows, frozenset({"topic", "member"}))


def _caption(content: GroupContent) -> str:
    running = [one for one in content["members"] if one["state"] not in NO_MORE]
    there = [one["name"] for one in running if one["in_group"] is not False]
    members = f"{len(there)} member{'' if len(there) == 1 else 's'}"
    words = [content["state"], content["protocol"], f"{members} ({', '.join(there)})" if there else "no members"]
    sentences = [f"{content['group']}: {', '.join(word for word in words if word)}"]
    if outside := [one["name"] for one in running if one["in_group"] is False]:
        sentences.append(f"Running, but not in the group: {', '.join(outside)}")
    if again := [f"{one['name']} {one['again']:,}" for one in content["members"] if one["again"]]:
        sentences.append(f"Delivered more than once: {', '.join(again)}")
    if lost := sum(one["lost"] for one in content["partitions"]):
        sentences.append(f"Lost to retention: {lost:,}")
    return ". ".join(sentences)


def _text(value: int | str | None) -> str:
    return "–" if value is None else f"{value:,}" if isinstance(value, int) else value
