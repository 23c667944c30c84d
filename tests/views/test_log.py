"""The log view's static forms, its frames and its end; its geometry runs under node."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from learnkafka.observe.recorded import Frame
from learnkafka.observe.recorder import Replay, Seen
from learnkafka.views import log
from learnkafka.views.log_view import LogView, log_table

if TYPE_CHECKING:
    import pytest

    from learnkafka.broker import Broker

Until = Callable[..., Any]


def threads() -> list[str]:
    return [one.name for one in threading.enumerate() if "learnkafka-view" in one.name]


def test_geometry(node_test: Callable[[str], None]) -> None:
    node_test("log")


CONTENT: dict[str, Any] = {
    "topic": "orders",
    "group": "billing",
    "follows": True,
    "records": 1_234,
    "exact": True,
    "partitions": [
        {
            "number": number,
            "leader": 1,
            "log_start": 0,
            "committed": committed,
            "position": 9,
            "high_watermark": 1_200,
            "end": 1_200,
            "lag": None,
            "size": 5,
            "segments": None,
            "read_from": 1_192,
            "read_to": 1_200,
            "records": [[offset, 1000, key, 1, "v"] for offset in range(1_192, 1_200)],
        }
        for number, committed, key in ((0, 3, "<b>ada</b>"), (1, None, None))
    ],
}


def test_table() -> None:
    """A caption, aligned columns, and keys as text, whatever they hold."""
    table = log_table(CONTENT)  # type: ignore[arg-type]
    assert repr(table) == (
        "orders: 2 partitions, 1,234 records, read by billing\n"
        "partition  log start  committed  position  high watermark    end  lag  newest records\n"
        "        0          0          3         9           1,200  1,200    –  "
        "… 1194 <b>ada</b> | 1195 <b>ada</b> | 1196 <b>ada</b> | 1197 <b>ada</b> | 1198 <b>ada</b> | 1199 <b>ada</b>\n"
        "        1          0          –         9           1,200  1,200    –  "
        "… 1194 | 1195 | 1196 | 1197 | 1198 | 1199"
    )
    html = table._repr_html_()
    assert html.startswith("<table><caption>orders: 2 partitions, 1,234 records, read by billing</caption>")
    assert "&lt;b&gt;ada" in html
    assert "<b>" not in html
    assert "<style" not in html
    assert repr(log_table({**CONTENT, "partitions": []}, "There is no topic 'orders' yet.")).endswith("yet.")  # type: ignore[arg-type]


def test_shown_in_a_cell(broker: Broker, until: Until) -> None:
    """The widget, beside forms that are the same on every run; it looks from then on, and until it is closed."""
    topic = broker.topic("orders")
    view = log(broker, topic)
    assert threads() == []
    data, _ = view._repr_mimebundle_()
    assert data["text/plain"] == repr(view) == "<log of orders>"
    assert data["text/html"] == (
        "<p><em>Run this cell in JupyterLab to see the log of <code>orders</code> live.</em></p>\n"
    )
    assert "application/vnd.jupyter.widget-view+json" in data
    until(lambda: view.frame.get("state") == "live")
    assert view.frame["seq"] == 1
    view.close()
    until(lambda: threads() == [])
    assert view._repr_mimebundle_ is None  # IPython then shows its repr


def test_nobody_looks_any_more(broker: Broker, until: Until) -> None:
    """When the last page has closed the view, the thread ends; a new one starts it again."""
    view = log(broker, broker.topic("orders"))
    try:
        view._repr_mimebundle_()
        until(lambda: view.frame)
        view._handle_custom_msg({"views": 0}, [])
        until(lambda: threads() == [])
        for nonsense in ({"views": "many"}, {}, {"views": None}):
            view._handle_custom_msg(nonsense, [])
        assert threads() == []
        view._handle_custom_msg({"views": 1}, [])
        assert threads() != []
    finally:
        view.close()


def test_snapshot(broker: Broker) -> None:
    """What is there now, without the view being shown; the same when nothing has happened."""
    topic, group = broker.topic("orders", partitions=2), broker.name("billing")
    with KafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
        for _ in range(3):
            producer.send(topic, b"v", key=b"ada", partition=0).get(timeout=20)
    with KafkaConsumer(bootstrap_servers=broker.bootstrap_servers, group_id=group, enable_auto_commit=False) as mine:
        mine.assign([TopicPartition(topic, 0)])
        mine.seek(TopicPartition(topic, 0), 1)
        mine.commit()
        mine.seek(TopicPartition(topic, 0), 2)
        view = log(broker, topic, group=group, consumers=[mine])
        expected = (
            "orders: 2 partitions, 3 records, read by billing\n"
            "partition  log start  committed  position  high watermark  end  lag  newest records\n"
            "        0          0          1         2               3    3    2  0 ada | 1 ada | 2 ada\n"
            "        1          0          –         –               0    0    –"
        )
        for _ in range(2):
            assert repr(view.snapshot()) == expected
        assert threads() == []
        view.close()
    assert repr(log(broker, "nowhere").snapshot()) == "There is no topic 'nowhere' yet."


def test_at_most_ten_frames_a_second(broker: Broker, until: Until) -> None:
    """Under as much traffic as this process can make."""
    topic = broker.topic("busy", partitions=4)
    view = log(broker, topic)
    published: list[float] = []
    view.observe(lambda _: published.append(time.monotonic()), "frame")
    view._repr_mimebundle_()
    with KafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:

        def sent() -> bool:
            for number in range(200):
                producer.send(topic, b"%d" % number, key=b"%d" % (number % 7))
            return len(published) >= 25

        until(sent)
    view.close()
    assert min(published[place + 10] - published[place] for place in range(len(published) - 10)) >= 1.0


def test_replay(until: Until) -> None:
    """A view of saved frames needs no broker."""
    frames = [Frame(number, 0.0, "live", "", {**CONTENT, "records": number}) for number in (1, 2)]
    view = LogView(Replay(frames), "orders")
    view._repr_mimebundle_()
    until(lambda: view.frame.get("seq") == 2)
    assert view.frame["content"]["records"] == 2
    view.close()


def test_a_view_that_cannot_be_sent_ends_nothing(monkeypatch: pytest.MonkeyPatch, until: Until) -> None:
    """The kernel's connection is gone, say: the recorder goes on."""

    class Counting:
        name = "counting"
        looks = 0

        def look(self) -> Seen:
            self.looks += 1
            return Seen("live", {"looks": self.looks})

        def close(self) -> None: ...

    look = Counting()
    view = LogView(look, "orders")
    monkeypatch.setattr(view, "_send", lambda *_, **__: 1 // 0)
    view._repr_mimebundle_()
    until(lambda: look.looks >= 3)
    view.close()
