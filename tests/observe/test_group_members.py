"""A group of member processes, seen as it changes: real rebalances, deaths, redeliveries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, cast

import pytest

from learnkafka.errors import CourseError
from learnkafka.members import Member, start_like
from learnkafka.observe.recorder import Recorder, Replay
from learnkafka.views.group_table import group_table
from tests.stopwatch import Stopwatch

if TYPE_CHECKING:
    from learnkafka.broker import Broker
    from learnkafka.observe.group_contents import GroupContent, GroupMember
    from learnkafka.observe.group_look import GroupLook

Start = Callable[..., Member]
See = Callable[..., "GroupLook"]
Content = Callable[["GroupLook"], "GroupContent"]
Until = Callable[..., Any]
Send = Callable[..., None]


def named(content: GroupContent, name: str) -> GroupMember:
    return next(one for one in content["members"] if one["name"] == name)


def holders(content: GroupContent) -> list[str | None]:
    return [one["member"] for one in content["partitions"]]


def shared_by(content: GroupContent, *members: Member) -> bool:
    """Whether the coordinator has settled, and each partition is one of these members', none of whom has nothing."""
    return content["state"] == "Stable" and set(holders(content)) == {one.name for one in members}


def settled(look: GroupLook, content_of: Content, until: Until, *members: Member) -> GroupContent:
    def now() -> GroupContent | None:
        content = content_of(look)
        return content if shared_by(content, *members) else None

    return cast("GroupContent", until(now))


@pytest.mark.parametrize("cooperative", [False, True], ids=["range", "cooperative-sticky"])
def test_rebalance(
    broker: Broker, member: Start, see_group: See, content_of: Content, until: Until, cooperative: bool
) -> None:
    """Eager: all partitions are given back. Cooperative: only those that move, and the others are never without."""
    topic, group = broker.topic("orders", partitions=4), f"billing-{cooperative}"
    look = see_group(group)
    assert look.look().state == "absent"
    first = member(topic, group, cooperative=cooperative)
    alone = settled(look, content_of, until, first)
    assert alone["protocol"] == ("cooperative-sticky" if cooperative else "range")
    assert [one["revoked"] for one in alone["rebalances"]] == [0]
    second = member(topic, group, cooperative=cooperative)
    settled(look, content_of, until, first, second)
    until(
        lambda: all(one["position"] is not None for one in content_of(look)["partitions"])
    )  # a member tells it a moment later
    both = content_of(look)
    rebalances = both["rebalances"][1:]
    assert rebalances[0]["revoked"] == (2 if cooperative else 4)
    assert sum(one["revoked"] for one in rebalances) == rebalances[0]["revoked"]
    assert sum(one["moved"] for one in rebalances) == 2
    assert all(one["began"] <= one["ended"] for one in rebalances)
    assert max(one["without"] for one in rebalances) > 0
    assert [one["generation"] for one in rebalances] == ([2, 3] if cooperative else [2])
    assert both["generation"] == rebalances[-1]["generation"]
    whats = [stretch[2] for stretch in both["lanes"][first.name]]
    assert whats == [
        "waiting",
        *(["assigned"] * len(whats[1:]) if cooperative else ["assigned", "waiting", "assigned"]),
    ]
    assert both["lanes"][second.name][0][2] == "waiting"
    if cooperative:
        assert len({json.dumps(stretch[3][:2]) for stretch in both["lanes"][first.name][1:]}) == 1  # type: ignore[index]
    for one in both["members"]:
        assert (one["kind"], one["state"], one["in_group"], len(one["partitions"])) == ("process", "running", True, 2)
        assert one["generation"] == both["generation"]
    again = content_of(look)
    assert again == both
    assert again["members"][0] is both["members"][0]
    assert again["partitions"][3] is both["partitions"][3]
    assert again["lanes"][first.name] is both["lanes"][first.name]
    assert again["rebalances"] is both["rebalances"]


@pytest.mark.soak
def test_killed_and_delivered_again(
    broker: Broker, member: Start, see_group: See, content_of: Content, until: Until, send: Send
) -> None:
    """In the group until its session ends, its partitions nobody's; then another has them, and gets their records again."""
    topic, group = broker.topic("orders", partitions=2), f"killed-{token_hex(3)}"  # what it commits stays
    look = see_group(group)
    first, second = member(topic, group), member(topic, group)
    before = settled(look, content_of, until, first, second)
    assert look.can_add
    theirs = holders(before).index(second.name)
    send(topic, *[b"x"] * 7, partition=theirs)
    send(topic, *[b"x"] * 3, partition=1 - theirs)

    def all_delivered() -> bool:
        content = content_of(look)
        return [one["delivered"] for one in content["members"]] == [3, 7]

    until(all_delivered)
    second.kill()
    content = content_of(look)
    dead = named(content, second.name)
    assert (dead["state"], dead["in_group"], dead["partitions"]) == ("killed", True, [])
    assert content["partitions"][theirs]["member"] is None
    assert content["partitions"][theirs]["position"] is None
    assert content["lanes"][second.name][-1][1:3] == [None, "killed"]
    settled(look, content_of, until, first)
    # In its own partition the survivor goes on; in the other, where the group has committed, which is nowhere.
    content = until(lambda: (seen := content_of(look)) and named(seen, first.name)["again"] == 7 and seen)
    assert named(content, first.name)["delivered"] == 10
    dead = named(content, second.name)
    assert (dead["in_group"], dead["delivered"], dead["again"]) == (False, 7, 0)
    newest = content["rebalances"][-1]
    assert (newest["revoked"], newest["moved"]) == (1, 1)
    assert newest["without"] > 1  # the session timeout, less what of it had passed
    assert [row["name"] for row in see_content(see_group, content_of, group)["members"]] == [first.name]
    table = group_table(content)
    assert table.caption == f"{group}: Stable, range, 1 member ({first.name}). Delivered more than once: {first.name} 7"


def see_content(see_group: See, content_of: Content, group: str) -> GroupContent:
    """What a look that begins now sees first."""
    return content_of(see_group(group))


def test_stopped_and_empty(
    broker: Broker, member: Start, see_group: See, content_of: Content, until: Until, admin: Any
) -> None:
    """Who stops gives back at once. The last one leaves an empty group; a deleted one is none."""
    topic, group = broker.topic("orders", partitions=2), "stopped"
    look = see_group(group)
    first = member(topic, group)
    second = start_like(first)
    settled(look, content_of, until, first, second)
    second.stop()
    content = settled(look, content_of, until, first)
    assert (named(content, second.name)["state"], named(content, second.name)["in_group"]) == ("stopped", False)
    newest = content["rebalances"][-1]
    assert (newest["revoked"], newest["moved"]) == (2, 1)
    assert newest["without"] < 2
    lane = [stretch[2] for stretch in content["lanes"][second.name]]
    assert lane == ["waiting", "assigned", "waiting", "stopped"]
    first.stop()
    content = content_of(look)
    assert (content["state"], content["protocol"], holders(content)) == ("Empty", "", [None, None])
    assert repr(group_table(content)).startswith(f"{group}: Empty, no members\n")
    admin.delete_groups([group])
    seen = look.look()
    assert (seen.state, seen.said) == ("absent", f"There is no group {group!r} yet.")
    assert (seen.content["members"], seen.content["partitions"], seen.content["lanes"]) == ([], [], {})
    assert seen.content["can_add"]
    third = start_like(first)
    content = settled(look, content_of, until, third)
    assert [one["name"] for one in content["members"]] == [third.name]
    assert content["generation"] == 1


def test_states(broker: Broker, member: Start, see_group: See, content_of: Content, until: Until) -> None:
    topic, group = broker.topic("orders"), "states"
    look = see_group(group)
    one = member(topic, group)
    settled(look, content_of, until, one)
    one.slow(5)
    assert content_of(look)["members"][0]["state"] == "slow"
    one.pause()
    assert content_of(look)["members"][0]["state"] == "paused"
    one.resume()
    one.freeze()
    assert content_of(look)["members"][0]["state"] == "frozen"
    look.notice = "It didn't work."
    assert content_of(look)["notice"] == "It didn't work."
    until(lambda: content_of(look)["members"][0]["in_group"] is False)
    assert content_of(look)["members"][0]["partitions"] == [[topic, 0]]  # by its own word: it doesn't know yet
    one.thaw()
    until(lambda: content_of(look)["members"][0]["in_group"])


def test_own_client_id(broker: Broker, member: Start, see_group: See, content_of: Content, until: Until) -> None:
    """A file may call its consumer as it likes; it is that member all the same, and once."""
    topic, group = broker.topic("orders"), "own"
    look = see_group(group)
    one = member(topic, group, client_id="fancy")
    content = settled(look, content_of, until, one)
    assert [(row["name"], row["kind"], row["in_group"]) for row in content["members"]] == [(one.name, "process", True)]
    assert list(content["lanes"]) == [one.name]


def test_start_that_failed(broker: Broker, member: Start, see_group: See, content_of: Content) -> None:
    """It was no member, and its name is the next one's."""
    topic, group = broker.topic("orders"), "failed"
    look = see_group(group)
    with pytest.raises(CourseError):
        member(topic, group, "raise ValueError")
    assert look.look().state == "absent"
    assert not look.can_add
    one = member(topic, group)
    assert [row["name"] for row in content_of(look)["members"]] == [one.name] == ["failed-1"]


def test_a_late_look_knows_what_was_before(
    broker: Broker, member: Start, see_group: See, content_of: Content, until: Until, send: Send
) -> None:
    """What members have told counts, whoever of them has ended."""
    topic, group = broker.topic("orders"), "late"
    send(topic, *[b"x"] * 5)
    first = member(topic, group)
    until(lambda: first.delivered == 5)
    first.kill()
    second = member(topic, group)
    until(lambda: second.delivered == 5)
    content = content_of(see_group(group))
    assert [(one["name"], one["again"]) for one in content["members"]] == [(second.name, 5)]
    assert content["rebalances"][-1]["moved"] == 1


def test_frames_and_replay(
    broker: Broker, member: Start, see_group: See, until: Until, send: Send, tmp_path: Path
) -> None:
    """A recorder's frames tell of a new and of a killed member soon; saved, they are the same without a broker."""
    topic, group = broker.topic("orders", partitions=2), "framed"
    recorder = Recorder(see_group(group))
    recorder.start()
    try:

        def newest() -> GroupContent:
            return cast(
                "GroupContent", recorder.newest.content if recorder.newest else {"members": [], "partitions": []}
            )

        first = member(topic, group)
        first.wait_until_assigned()
        assigned = Stopwatch()
        until(lambda: holders(newest()) == [first.name] * 2)
        assert assigned.seconds() < 1
        send(topic, b"x", b"y")
        until(lambda: [one["high_watermark"] for one in newest()["partitions"]] == [2, 0])
        until(lambda: newest()["members"][0]["delivered"] == 2)
        until(lambda: newest()["partitions"][0]["position"] == 2)
        first.kill()
        killed = Stopwatch()
        until(lambda: newest()["members"][0]["state"] == "killed")
        assert killed.seconds() < 1
    finally:
        recorder.close()
    recorder.save(tmp_path / "frames")
    replay = Recorder(Replay(tmp_path / "frames"))
    for frame in recorder.frames:
        again = replay.take()
        assert (again.state, again.said, again.content) == (frame.state, frame.said, frame.content)
    assert len(json.dumps(recorder.frames[-1].content)) < 5000
