"""A look at a group whose broker pauses or ends; and that looking makes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import psutil
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from learnkafka.observe import observer
from learnkafka.observe.group_look import GroupLook
from tests.observe.recording import recording

if TYPE_CHECKING:
    import pytest

    from learnkafka.broker import Broker
    from learnkafka.observe.recorder import Recorder

Until = Callable[..., Any]


def commit(broker: Broker, offset: int) -> None:
    with KafkaConsumer(bootstrap_servers=broker.bootstrap_servers, group_id="billing", enable_auto_commit=False) as one:
        one.assign([TopicPartition("orders", 0)])
        one.seek(TopicPartition("orders", 0), offset)
        one.commit()


def state(recorder: Recorder) -> str:
    return recorder.newest.state if recorder.newest else ""


def committed(recorder: Recorder) -> list[int | None]:
    return [one["committed"] for one in recorder.newest.content["partitions"]] if recorder.newest else []


def test_paused_and_continued(mortal: Broker, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, with what was last known; and then it goes on by itself."""
    monkeypatch.setattr(observer, "SECONDS", 1.0)
    process = psutil.Process(mortal._server.nodes[1].process.pid)  # type: ignore[attr-defined]
    with recording(GroupLook(mortal, "billing")) as recorder:
        until(lambda: state(recorder) == "absent")
        commit(mortal, 1)
        until(lambda: committed(recorder) == [1])
        process.suspend()
        try:
            until(lambda: state(recorder) == "unreachable")
            assert committed(recorder) == [1]
        finally:
            process.resume()
        until(lambda: state(recorder) == "live")
        commit(mortal, 2)
        until(lambda: committed(recorder) == [2])


def test_killed(mortal: Broker, until: Until, capfd: pytest.CaptureFixture[str]) -> None:
    """It is said at once, and nothing is printed; closing leaves no thread."""
    commit(mortal, 0)
    with recording(GroupLook(mortal, "billing")) as recorder:
        until(lambda: state(recorder) == "live")
        mortal._server.nodes[1].kill()  # type: ignore[attr-defined]
        until(lambda: state(recorder) == "unreachable")
        assert recorder.newest
        assert recorder.newest.said == "The broker has ended; run the cell that starts it again."
        assert committed(recorder) == [0]
    until(lambda: not [one for one in threading.enumerate() if "learnkafka-view" in one.name])
    assert "Traceback" not in capfd.readouterr().err


def test_looking_makes_nothing(mortal: Broker) -> None:
    """Not the topic that Kafka keeps groups in, where nobody has used a group yet; nor a group."""
    look = GroupLook(mortal, "billing")
    assert [look.look().state for _ in range(3)] == ["absent"] * 3
    look.close()
    with KafkaAdminClient(bootstrap_servers=mortal.bootstrap_servers) as admin:
        assert admin.list_topics() == ["orders"]
        assert admin.list_groups() == []
