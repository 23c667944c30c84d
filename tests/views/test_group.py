"""The group view: its buttons do what they say on real members; its page's geometry runs under node."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from learnkafka.members import Member, members_of, start_member
from learnkafka.observe.recorder import Replay
from learnkafka.views import group as view_of
from learnkafka.views.group_view import GroupView

if TYPE_CHECKING:
    from learnkafka.broker import Broker

Until = Callable[..., Any]
LOOP = """
from kafka import KafkaConsumer
with KafkaConsumer(
    topic, group_id=group, auto_offset_reset="earliest", heartbeat_interval_ms=100, session_timeout_ms=6000, **connect
) as consumer:
    for record in consumer:
        print(record.value)
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A member's file, in the directory that it is started in."""
    monkeypatch.chdir(tmp_path)
    Path("billing.py").write_text(LOOP)
    return "billing.py"


def press(view: GroupView, order: str, member: str = "") -> None:
    """Hand over what the browser sends, as ipywidgets does, and wait for what becomes of it."""
    view._handle_custom_msg({"order": order, "member": member}, [])
    for thread in threading.enumerate():
        if thread.name == f"learnkafka-{order}":
            thread.join(30)


def test_geometry(node_test: Callable[[str], None]) -> None:
    node_test("group")


def test_buttons_do_what_they_say(broker: Broker, file: str, until: Until) -> None:
    """Each does to the member of that name what its method does."""
    topic = broker.topic("orders", partitions=2)
    view = view_of(broker, "billing")
    assert repr(view) == "<group billing>"
    assert repr(view.snapshot()) == "There is no group 'billing' yet."
    first = start_member(file, topic, "billing", broker=broker)
    for order, state in (("slow", "slow"), ("speed", "running"), ("pause", "paused"), ("resume", "running")):
        press(view, order, first.name)
        assert first.state == state
    press(view, "add")
    second: Member = members_of(broker, "billing")[-1]
    assert (second.name, second.is_running) == ("billing-2", True)
    press(view, "stop", first.name)
    press(view, "kill", second.name)
    assert (first.state, second.state) == ("stopped", "killed")
    view.close()


def test_what_goes_wrong_is_said_in_the_view(broker: Broker, file: str) -> None:
    """In a frame, for a button's thread has no cell to print into; and the next press takes it back."""
    topic = broker.topic("orders", partitions=2)
    view = view_of(broker, "shipping")

    def notice() -> str:
        return str(view.recorder.take().content["notice"])

    press(view, "add")
    assert notice() == "No member was started here yet."
    one = start_member(file, topic, "shipping", broker=broker)
    press(view, "stop", "nobody")
    assert notice() == "There is no member 'nobody' here any more."
    Path(file).unlink()
    press(view, "add")
    assert notice().startswith("There is no file 'billing.py' here")
    press(view, "slow", one.name)
    assert notice() == ""
    press(view, "format", one.name)
    assert one.is_running
    press(view, "kill", one.name)
    view.close()


def test_a_replay_needs_no_broker(broker: Broker, file: str, tmp_path: Path) -> None:
    """Saved frames show the same; there, buttons do nothing."""
    topic = broker.topic("orders", partitions=2)
    view = view_of(broker, "replayed")
    view.recorder.take()
    one = start_member(file, topic, "replayed", broker=broker)
    one.wait_until_assigned()
    frame = view.recorder.take()
    assert [member["name"] for member in frame.content["members"]] == ["replayed-1"]
    view.recorder.save(tmp_path / "frames.jsonl")
    one.kill()
    view.close()
    again = GroupView(Replay(tmp_path / "frames.jsonl"), "replayed")
    assert repr(again.snapshot()) == "There is no group 'replayed' yet."
    assert "replayed-1" in repr(again.snapshot())
    press(again, "stop", "replayed-1")
    assert again.recorder.take().content == frame.content
    again.close()


def test_nothing_goes_on_when_it_is_closed(broker: Broker, until: Until) -> None:
    """Neither its recorder nor its clients."""
    view = view_of(broker, "quiet")
    view.recorder.start()
    until(lambda: view.recorder.newest)
    view.close()
    until(lambda: not [one.name for one in threading.enumerate() if "learnkafka-view" in one.name])
