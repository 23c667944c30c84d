"""A cluster: partitions as rows, brokers as columns, and what each broker is to each partition."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from learnkafka.observe.clusters import NO_CONTROLLER
from learnkafka.observe.recorder import Replay
from learnkafka.views.base import View, with_board
from learnkafka.views.table import Snapshot

if TYPE_CHECKING:
    from learnkafka.observe.cluster_contents import ClusterBroker, ClusterContent, ClusterPartition
    from learnkafka.observe.recorded import Frame
    from learnkafka.observe.recorder import Look

PREFERRED = "★"
ELECTION_SECONDS = 10
"""Until a new controller is heard of: half a second where the old one left in order, 5 s where it was killed."""
LINE = "<p><em>Run this cell in JupyterLab to see the cluster live.</em></p>\n"


class ClusterView(View):
    """Draws what a ClusterLook sees, or a Replay of it."""

    _esm = with_board("cluster.js")
    _css = with_board("cluster.css")
    what = "cluster"

    def __init__(self, look: Look) -> None:
        super().__init__(look, "cluster")
        self._election_seconds = 0 if isinstance(look, Replay) else ELECTION_SECONDS  # what is saved stays as it is

    def __repr__(self) -> str:
        return "<cluster view>"  # the same whatever the cluster's state, and without a look

    def snapshot(self) -> Snapshot:
        """What there is now as a table; where the controller was lost a moment ago, what there is when there is another."""
        deadline = time.monotonic() + self._election_seconds
        while NO_CONTROLLER in (frame := self.recorder.take()).said and time.monotonic() < deadline:
            time.sleep(0.1)
        return self._snapshot(frame)

    def _snapshot(self, frame: Frame) -> Snapshot:
        return cluster_table(cast("ClusterContent", frame.content), frame.said)

    def _repr_mimebundle_(self, **options: object) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        return data | {"text/html": LINE}, metadata


def cluster_table(content: ClusterContent, said: str = "") -> Snapshot:
    """What each broker is to each partition; no epochs and no controller, which differ from run to run."""
    if not content.get("partitions"):
        return Snapshot(said or "There are no topics yet.", (), ())
    brokers = content["brokers"]
    columns = ("partition", *(f"broker {one['id']}{' (away)' if one['state'] == 'away' else ''}" for one in brokers))
    rows = tuple(
        (f"{one['topic']} {one['number']}", *(_word(one, broker) for broker in brokers))
        for one in content["partitions"]
    )
    caption = f"{counts(content)} · {PREFERRED} is the preferred leader"
    return Snapshot(f"{caption}. {said}" if said else caption, columns, rows, frozenset(columns))


def counts(content: ClusterContent) -> str:
    """Of brokers and partitions, in a line."""
    away = sum(one["state"] == "away" for one in content["brokers"])
    brokers, partitions = len(content["brokers"]), len(content["partitions"])
    said = [
        f"{_plural(brokers, 'broker')}{f', {away} away' if away else ''}",
        _plural(partitions, "partition"),
        f"{content['under_replicated']:,} under-replicated" if content["under_replicated"] else "",
        f"{content['without_leader']:,} without a leader" if content["without_leader"] else "",
    ]
    return " · ".join(filter(None, said))


def _word(partition: ClusterPartition, broker: ClusterBroker) -> str:
    number = broker["id"]
    if number not in partition["replicas"]:
        return "–"
    if number == partition["leader"]:
        word = "leader"
    elif broker["state"] == "away":
        word = "away"
    else:
        word = "in sync" if number in partition["in_sync"] else "behind"
    return f"{word} {PREFERRED}" if number == partition["replicas"][0] else word


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
