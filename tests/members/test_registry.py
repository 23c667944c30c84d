"""Which members are known here, another one like them, and how they say what they do."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from learnkafka.errors import CourseError
from learnkafka.members import Member, members_of, registry, start_like

if TYPE_CHECKING:
    from learnkafka.broker import Broker

Start = Callable[..., Member]


def test_members_of_a_group(member: Start, broker: Broker, group: str) -> None:
    """In order of start, ended ones too; one that failed at its start was none."""
    assert members_of(broker, group) == ()
    first, second = member(), member(name="late-shift")
    with pytest.raises(CourseError, match="raised"):
        member("raise ValueError")
    first.kill()
    assert members_of(broker, group) == (first, second)
    assert members_of(broker, "others") == ()
    assert members_of(cast("Broker", SomeBroker()), group) == ()


class SomeBroker:
    """What a broker is to the registry."""


def test_another_like_it(member: Start, broker: Broker, topic: str, group: str) -> None:
    """It finds in its file what the first found, also where the notebook has changed that since."""
    given = {"levels": [1]}
    first = member(
        """
        import json
        from kafka import KafkaConsumer
        print(json.dumps([topic, group, given, wanted]), flush=True)
        with KafkaConsumer(topic, group_id=group, **connect) as consumer:
            for record in consumer:
                pass
        """,
        given=given,
        wanted="x",
        name="anne",
    )
    given["levels"].append(2)
    second = start_like(first)
    try:
        assert second.name == f"{group}-2"
        assert json.loads(second.output) == [topic, group, {"levels": [1]}, "x"]
        assert second.output == first.output
        first.stop()
        third = start_like(first)
        assert members_of(broker, group) == (first, second, third)
        third.kill()
    finally:
        second.kill()
    Path("billing.py").unlink()
    with pytest.raises(CourseError, match=r"There is no file 'billing\.py' here"):
        start_like(first)


def test_broker_that_is_gone_is_not_kept() -> None:
    """The registry holds no broker alive; a member of one that is gone can't be started again."""
    broker = cast("Broker", SomeBroker())
    gone = weakref.ref(broker)
    one = Member("billing-1", "billing", "billing.py")
    assert registry.take_name(broker, "billing", None) == "billing-1"
    registry.enter(broker, one, registry.Given("billing.py", "orders", {}))
    assert registry.origin_of(one)[0] is broker
    del broker
    gc.collect()
    assert gone() is None
    with pytest.raises(CourseError, match="isn't there any more"):
        start_like(one)


def test_state(member: Start, until: Callable[..., Any]) -> None:
    one = member()
    assert one.consuming_since is not None
    states = [one.state]
    one.slow(1)
    states.append(one.state)
    one.pause()
    states.append(one.state)
    one.freeze()
    states.append(one.state)
    assert repr(one).endswith("frozen>")
    one.thaw()
    one.resume()
    one.slow(0)
    states.append(one.state)
    one.stop()
    assert [*states, one.state] == ["running", "slow", "paused", "frozen", "running", "stopped"]
