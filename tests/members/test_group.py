"""Members of one group: who has which partitions, as they come and go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from learnkafka.members import Assigned, Ended, Member, Revoked

Start = Callable[..., Member]
QUICK = {"heartbeat_interval_ms": 100, "session_timeout_ms": 4000}


def all_of(topic: str) -> set[tuple[str, int]]:
    return {(topic, number) for number in range(4)}


def shared(topic: str, *members: Member) -> bool:
    """Whether the members have all partitions, each at one of them."""
    held = [place for one in members for place in one.assignment]
    return sorted(held) == sorted(all_of(topic)) and all(one.assignment for one in members)


def test_name_and_text(member: Start, group: str) -> None:
    """Numbered by group in order of start, and no address in sight; who has a name keeps it."""
    first, second, named = member(), member(), member(name="late-shift")
    assert [one.name for one in (first, second, named)] == [f"{group}-1", f"{group}-2", "late-shift"]
    assert repr(first) == f"<member {group}-1 of group {group}: running>"
    first.stop()
    second.kill()
    assert (repr(first), first.exit_code) == (f"<member {group}-1 of group {group}: stopped>", 0)
    assert (repr(second), second.exit_code) == (f"<member {group}-2 of group {group}: killed>", -9)
    assert (named.is_running, named.exit_code) == (True, None)
    assert not first.is_running
    first.stop()
    second.kill()


def test_first_has_all_at_once(member: Start, topic: str) -> None:
    """One generation, one assignment: nobody is given nothing first, as kafka-python 3.0.12 does by itself."""
    one = member()
    assert one.wait_until_assigned() == all_of(topic)
    (assigned,) = (event for event in one.events if isinstance(event, Assigned))
    assert assigned.partitions == tuple(sorted(all_of(topic)))
    assert assigned.generation == 1
    assert assigned.member_id is not None
    assert assigned.member_id.startswith(one.name)


def test_two_share(member: Start, topic: str, until: Callable[..., Any]) -> None:
    """The second takes half; the first is told before that it has to give all back."""
    first = member()
    first.wait_until_assigned()
    second = member()
    until(lambda: shared(topic, first, second))
    assert len(second.assignment) == 2
    kinds = [type(event) for event in first.events if isinstance(event, Assigned | Revoked)]
    assert kinds[:3] == [Assigned, Revoked, Assigned]
    newest = [event for event in first.events if isinstance(event, Assigned)][-1]
    assert newest.generation == [event for event in second.events if isinstance(event, Assigned)][-1].generation


def test_more_members_than_partitions(member: Start, broker: Any, until: Callable[..., Any]) -> None:
    """One of two gets nothing of a single partition, and knows that it is in the group."""
    single = broker.topic("single")
    first = member(topic=single)
    first.wait_until_assigned()
    second = member(topic=single)
    second.wait_until_assigned()
    until(lambda: sorted(len(one.assignment) for one in (first, second)) == [0, 1])


def handed_over(leaving: Member, staying: Member, topic: str, end: str, until: Callable[..., Any]) -> float:
    """Seconds from the end of one until the other has all."""
    until(lambda: shared(topic, leaving, staying))
    getattr(leaving, end)()
    until(lambda: shared(topic, staying))
    (ended,) = (event for event in leaving.events if isinstance(event, Ended))
    return [event for event in staying.events if isinstance(event, Assigned)][-1].time - ended.time


def test_stop_hands_over_at_once_and_kill_after_the_session_timeout(
    member: Start, topic: str, until: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Who closes its consumer tells the group; who is killed is missed."""
    staying, stopped = member(settings=QUICK), member(settings=QUICK)
    after_stop = handed_over(stopped, staying, topic, "stop", until)
    assert any(isinstance(event, Revoked) for event in stopped.events)
    killed = member(settings=QUICK)
    after_kill = handed_over(killed, staying, topic, "kill", until)
    with capsys.disabled():
        print(f"\nhanded over after stop {after_stop:.2f} s, after kill {after_kill:.2f} s", end=" ")  # noqa: T201
    assert after_stop < after_kill


def test_list_of_topics(member: Start, broker: Any, topic: str) -> None:
    """The file gets the list as it was given."""
    other = broker.topic("others")
    one = member(
        """
        from kafka import KafkaConsumer
        with KafkaConsumer(*topic, group_id=group, **connect) as consumer:
            for record in consumer:
                pass
        """,
        topic=[topic, other],
    )
    assert one.wait_until_assigned() == all_of(topic) | {(other, 0)}


def test_cooperative_members_keep_what_they_keep(member: Start, topic: str, until: Callable[..., Any]) -> None:
    """With the cooperative assignor a second member makes the first give back only what moves."""
    code = """
        from kafka import KafkaConsumer
        from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor as Cooperative
        with KafkaConsumer(
            topic, group_id=group, partition_assignment_strategy=[Cooperative], heartbeat_interval_ms=100, **connect
        ) as consumer:
            for record in consumer:
                pass
    """
    first = member(code)
    first.wait_until_assigned()
    second = member(code)
    until(lambda: shared(topic, first, second))
    revoked = [event.partitions for event in first.events if isinstance(event, Revoked)]
    assert [len(partitions) for partitions in revoked] == [2]
    assert set(revoked[0]) == second.assignment


HASTY = """
from kafka import KafkaConsumer
with KafkaConsumer(topic, group_id=group, heartbeat_interval_ms=100, **connect, **settings) as consumer:
    while True:
        {step}
"""
STEPS = {
    "poll()": "consumer.poll()",
    "poll(5)": "consumer.poll(timeout_ms=5)",
    "iteration that gives up": "list(consumer)",
    "iteration": "next(consumer)",
}


@pytest.mark.soak
@pytest.mark.parametrize("step", STEPS)
def test_no_way_to_poll_loses_an_assignment(
    member: Start, topic: str, until: Callable[..., Any], broker: Any, step: str
) -> None:
    """As kafka-python 3.0.12 does by itself: nine of ten consumers with poll(timeout_ms=5) never had a partition."""
    settings = {"consumer_timeout_ms": 17} if step == "iteration that gives up" else {}
    code = HASTY.format(step=STEPS[step])
    for number in range(5):
        one = member(code, group=f"{step}-{number}", settings=settings)
        assert len(one.wait_until_assigned()) == 4
        one.kill()
    staying = member(code, settings=settings)
    for _ in range(3):
        coming = member(code, settings=settings)
        until(lambda coming=coming: shared(topic, staying, coming))
        coming.stop()
        until(lambda: shared(topic, staying))
