"""The cluster view's static forms; what it draws and says runs under node."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from learnkafka.observe.clusters import NO_CONTROLLER
from learnkafka.observe.recorded import Frame
from learnkafka.observe.recorder import Replay
from learnkafka.views import cluster
from learnkafka.views.cluster_view import ClusterView, cluster_table
from tests.stopwatch import Stopwatch

if TYPE_CHECKING:
    from learnkafka.broker import Broker
    from learnkafka.observe.cluster_contents import ClusterContent

Until = Callable[..., Any]


def test_what_is_drawn(node_test: Callable[[str], None]) -> None:
    node_test("cluster")


def a_partition(number: int, leader: int | None, in_sync: list[int], topic: str = "orders") -> dict[str, Any]:
    replicas = [number + 1, *(one for one in (1, 2, 3) if one != number + 1)]
    return {
        "topic": topic,
        "number": number,
        "leader": leader,
        "epoch": 7,
        "replicas": replicas,
        "in_sync": in_sync,
    }


CONTENT = cast(
    "ClusterContent",
    {
        "brokers": [{"id": 1, "state": "running"}, {"id": 2, "state": "away"}, {"id": 3, "state": "running"}],
        "topics": ["orders", "<b>x</b>"],
        "partitions": [
            a_partition(0, 1, [1, 3]),
            a_partition(1, 3, [1, 3]),
            a_partition(2, 3, [3]),
            {**a_partition(1, None, [], "<b>x</b>"), "replicas": [2]},
        ],
        "under_replicated": 4,
        "without_leader": 1,
        "controller": 3,
    },
)


def test_table() -> None:
    """Words for what each broker is to each partition, and a star at the preferred leader; no epoch, no controller."""
    table = cluster_table(CONTENT)
    assert repr(table) == (
        "3 brokers, 1 away · 4 partitions · 4 under-replicated · 1 without a leader · ★ is the preferred leader\n"
        "partition   broker 1  broker 2 (away)  broker 3\n"
        "orders 0    leader ★  away             in sync\n"
        "orders 1    in sync   away ★           leader\n"
        "orders 2    behind    away             leader ★\n"
        "<b>x</b> 1  –         away ★           –"
    )
    html = table._repr_html_()
    assert "&lt;b&gt;x&lt;/b&gt; 1" in html
    assert "<b>" not in html
    assert "<style" not in html
    nothing = cast("ClusterContent", {**CONTENT, "partitions": []})
    assert repr(cluster_table(nothing)) == "There are no topics yet."
    assert repr(cluster_table(nothing, "There is no topic 'orders' yet.")) == "There is no topic 'orders' yet."
    assert ". There is no topic" in cluster_table(CONTENT, "There is no topic 'x' yet.").caption


def test_shown_in_a_cell(broker: Broker, until: Until) -> None:
    """The widget, beside forms that are the same on every run and for every cluster."""
    broker.topic("orders")
    view = cluster(broker)
    try:
        data, _ = view._repr_mimebundle_()
        assert data["text/plain"] == repr(view) == "<cluster view>"
        assert data["text/html"] == "<p><em>Run this cell in JupyterLab to see the cluster live.</em></p>\n"
        assert "application/vnd.jupyter.widget-view+json" in data
        until(lambda: view.frame.get("state") == "live")
    finally:
        view.close()


def test_snapshot(broker: Broker) -> None:
    """What is there now, without the view being shown; the same when nothing has happened."""
    broker.topic("orders", partitions=2)
    for topics in (["orders"], "orders", None):
        view = cluster(broker, topics)
        for _ in range(2):
            assert repr(view.snapshot()) == (
                "1 broker · 2 partitions · ★ is the preferred leader\n"
                "partition  broker 1\n"
                "orders 0   leader ★\n"
                "orders 1   leader ★"
            )
        view.close()
    assert repr(cluster(broker, ["nowhere"]).snapshot()) == "There is no topic 'nowhere' yet."


def test_replay(until: Until) -> None:
    """A view of saved frames needs no broker."""
    frames = [Frame(1, 0.0, "live", "", {**CONTENT, "controller": None}), Frame(2, 1.0, "live", "", dict(CONTENT))]
    view = ClusterView(Replay(frames))
    view._repr_mimebundle_()
    until(lambda: view.frame.get("seq") == 2)
    assert view.frame["content"]["controller"] == 3
    view.close()


def test_saved_without_a_controller() -> None:
    """No other will be heard of: what was saved is shown at once."""
    view = ClusterView(Replay([Frame(1, 0.0, "live", NO_CONTROLLER, {**CONTENT, "controller": None})]))
    stopwatch = Stopwatch()
    assert NO_CONTROLLER in repr(view.snapshot())
    assert stopwatch.seconds() < 1
