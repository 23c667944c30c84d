"""A group as a table: what it says, and that it says nothing that differs from run to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from learnkafka.views.group_table import group_table

if TYPE_CHECKING:
    from learnkafka.observe.group_contents import GroupContent


def member(name: str, state: str = "running", again: int | None = 0) -> dict[str, Any]:
    return {
        "name": name,
        "kind": "process",
        "state": state,
        "in_group": True,
        "generation": 7,
        "partitions": [],
        "delivered": None if again is None else 12_345,
        "again": again,
    }


def partition(number: int, topic: str = "orders", **known: Any) -> dict[str, Any]:
    unknown = dict.fromkeys(["member", "log_start", "committed", "position", "high_watermark", "lag"])
    return {"topic": topic, "number": number, **unknown, "lost": 0, **known}


def content(members: list[dict[str, Any]], partitions: list[dict[str, Any]], **others: Any) -> GroupContent:
    whole = {
        "group": "billing",
        "state": "Stable",
        "protocol": "range",
        "generation": 7,
        "members": members,
        "partitions": partitions,
        "lanes": {},
        "rebalances": [],
        "can_add": True,
        "notice": "",
    }
    return cast("GroupContent", whole | others)


def test_rows_and_caption() -> None:
    shown = group_table(
        content(
            [member("billing-1"), member("billing-2")],
            [
                partition(
                    0, member="billing-1", log_start=0, committed=1200, position=1207, high_watermark=1234, lag=34
                ),
                partition(1, member="billing-2", log_start=0),
            ],
        )
    )
    assert repr(shown).splitlines() == [
        "billing: Stable, range, 2 members (billing-1, billing-2)",
        "partition  member     committed  log start  high watermark  lag",
        "        0  billing-1      1,200          0           1,234   34",
        "        1  billing-2          –          0               –    –",
    ]


def test_what_went_wrong_is_said() -> None:
    """Who ended isn't counted, but what it was given twice is; what retention took is."""
    shown = group_table(
        content(
            [member("billing-1", "killed", 3), member("billing-2", again=1200), member("kafka", again=None)],
            [partition(0, committed=0, lost=5), partition(1, committed=0, lost=7)],
        ),
        "The broker has ended.",
    )
    assert shown.caption == (
        "billing: Stable, range, 2 members (billing-2, kafka). Delivered more than once: billing-1 3, billing-2 1,200. "
        "Lost to retention: 12. The broker has ended."
    )


def test_topics_are_named_where_there_are_several() -> None:
    shown = group_table(content([], [partition(0), partition(0, "payments")], state="Empty", protocol=""))
    assert shown.caption == "billing: Empty, no members"
    assert shown.columns[:2] == ("topic", "partition")
    assert [row[0] for row in shown.rows] == ["orders", "payments"]
    assert 'align="left"' in shown._repr_html_()


def test_no_group() -> None:
    said = "There is no group 'billing' yet."
    assert repr(group_table(content([], []), said)) == said
    assert repr(group_table(cast("GroupContent", {}))) == "Nothing has been seen yet."
