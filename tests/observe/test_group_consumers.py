"""Consumers that a learner hands over, and those that nobody did; offsets, lag and loss."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from learnkafka.errors import CourseError
from learnkafka.observe.group_look import GroupLook
from learnkafka.observe.positions import sample
from learnkafka.views.group_table import group_table

if TYPE_CHECKING:
    from learnkafka.broker import Broker
    from learnkafka.observe.group_contents import GroupContent

See = Callable[..., GroupLook]
Content = Callable[[GroupLook], "GroupContent"]
Until = Callable[..., Any]
Send = Callable[..., None]
Commit = Callable[..., None]


@pytest.fixture
def consumer(broker: Broker) -> Iterator[Callable[..., KafkaConsumer]]:
    """`consumer(topic, group, …)`: it reads from the beginning, a record at a time, and doesn't commit by itself."""
    made: list[KafkaConsumer] = []

    def make(topic: str, group: str, **settings: Any) -> KafkaConsumer:
        settings = {"max_poll_records": 1, "heartbeat_interval_ms": 100, "enable_auto_commit": False} | settings
        made.append(
            KafkaConsumer(
                topic,
                bootstrap_servers=broker.bootstrap_servers,
                group_id=group,
                auto_offset_reset="earliest",
                **settings,
            )
        )
        return made[-1]

    yield make
    for one in made:
        one.close()


@contextmanager
def polling(consumer: KafkaConsumer) -> Iterator[None]:
    """It polls in a thread of its own, as in another program."""
    stop = threading.Event()

    def poll() -> None:
        while not stop.is_set():
            consumer.poll(timeout_ms=50)

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_handed_over(
    broker: Broker,
    consumer: Callable[..., KafkaConsumer],
    see_group: See,
    content_of: Content,
    until: Until,
    send: Send,
) -> None:
    """What it has and where it is, without calling it; a seek back is no delivery, and what it passes again is again."""
    topic, group = broker.topic("orders"), "handed"
    send(topic, *[b"x"] * 10)
    mine = consumer(topic, group, client_id="mine")
    look = see_group(group, [mine])
    assert look.look().state == "live"  # there is somebody who would join
    content = content_of(look)
    assert content["state"] == ""
    (row,) = content["members"]
    assert (row["name"], row["kind"], row["state"], row["in_group"]) == ("mine", "notebook", "running", False)
    assert (row["generation"], row["partitions"], row["delivered"]) == (None, [], 0)
    assert [one[2] for one in content["lanes"]["mine"]] == ["waiting"]
    partition = TopicPartition(topic, 0)
    until(lambda: mine.partitions_for_topic(topic))
    until(lambda: mine.poll(timeout_ms=100))
    until(lambda: content_of(look)["state"] == "Stable")
    mine.seek(partition, 0)
    content_of(look)
    for _ in range(4):
        next(mine)
    mine.commit()
    content = content_of(look)
    (row,), (one,) = content["members"], content["partitions"]
    assert (row["in_group"], row["generation"], row["partitions"]) == (True, content["generation"], [[topic, 0]])
    # The first was given to it before its position was first seen.
    assert (row["delivered"], row["again"]) == (4, 0)
    assert (one["member"], one["committed"], one["position"], one["lag"]) == ("mine", 4, 4, 6)
    assert content["generation"] in (1, 2)
    mine.seek(partition, 1)
    assert [one["again"] for one in content_of(look)["members"]] == [0]
    for _ in range(6):
        next(mine)
    row = content_of(look)["members"][0]
    assert (row["delivered"], row["again"]) == (10, 3)
    mine.close()
    content = content_of(look)
    row = content["members"][0]
    assert (row["state"], row["in_group"], row["partitions"], row["delivered"]) == ("closed", False, [], 10)
    assert content["lanes"]["mine"][-1][1:3] == [None, "closed"]
    assert (content["state"], content["partitions"][0]["member"], content["partitions"][0]["position"]) == (
        "Empty",
        None,
        None,
    )


def test_two_of_one_name(
    broker: Broker, consumer: Callable[..., KafkaConsumer], see_group: See, content_of: Content, until: Until
) -> None:
    """They are told apart; and what moves between them makes a rebalance that they saw."""
    topic, group = broker.topic("orders", partitions=2), "namesakes"
    first, second = consumer(topic, group), consumer(topic, group)
    look = see_group(group, [first, second])
    with polling(first):
        until(lambda: len(content_of(look)["members"][0]["partitions"]) == 2)
        with polling(second):
            until(lambda: [len(one["partitions"]) for one in content_of(look)["members"]] == [1, 1])
            content = until(lambda: (seen := content_of(look))["state"] == "Stable" and seen)
    names = [one["name"] for one in content["members"]]
    assert names == [first.config["client_id"], first.config["client_id"] + " (2)"]
    assert [one["kind"] for one in content["members"]] == ["notebook"] * 2
    assert [one["in_group"] for one in content["members"]] == [True, True]
    newest = content["rebalances"][-1]
    assert newest["generation"] == content["generation"]
    assert sum(one["moved"] for one in content["rebalances"]) == 1


def test_elsewhere(
    broker: Broker,
    consumer: Callable[..., KafkaConsumer],
    see_group: See,
    content_of: Content,
    until: Until,
    send: Send,
) -> None:
    """Of one that wasn't handed over, what the coordinator knows: its client_id, and its partitions."""
    topic, group = broker.topic("orders", partitions=2), "elsewhere"
    send(topic, b"x")
    look = see_group(group)
    assert look.look().state == "absent"
    theirs = consumer(topic, group, client_id="till")

    def settled() -> GroupContent | None:
        seen = content_of(look)
        return seen if seen["state"] == "Stable" and seen["members"][-1]["partitions"] else None

    with polling(theirs):
        content = until(settled)
    (row,) = content["members"]
    assert (row["name"], row["kind"], row["state"], row["in_group"]) == ("till", "elsewhere", "running", True)
    assert (row["generation"], row["delivered"], row["again"]) == (None, None, None)
    assert row["partitions"] == [[topic, 0], [topic, 1]]
    assert [(one["member"], one["position"]) for one in content["partitions"]] == [("till", None)] * 2
    assert (content["generation"], content["rebalances"], content["can_add"]) == (None, [], False)
    assert content["lanes"]["till"][-1][1:3] == [None, "assigned"]
    table = group_table(content)
    assert table.caption == "elsewhere: Stable, range, 1 member (till)"
    assert [row[1] for row in table.rows] == ["till", "till"]
    theirs.close()
    content = content_of(look)
    assert (content["members"][0]["state"], content["members"][0]["in_group"]) == ("closed", False)
    assert content["partitions"][0]["member"] is None
    second = consumer(topic, group, client_id="till")
    with polling(second):
        until(settled)
    assert [one["name"] for one in content_of(look)["members"]] == ["till", "till (2)"]


def test_offsets_lag_and_loss(
    broker: Broker,
    see_group: See,
    content_of: Content,
    send: Send,
    commit: Commit,
    admin: KafkaAdminClient,
    until: Until,
) -> None:
    """What retention takes from before the committed offset is none of the group's; what it takes after is lost to it."""
    topic, group = broker.topic("orders", partitions=3), "reads"
    send(topic, *[b"x"] * 10)
    send(topic, *[b"x"] * 4, partition=1)
    commit(group, topic, {0: 2, 1: 4})
    look = see_group(group)
    content = content_of(look)
    assert (content["state"], content["members"]) == ("Empty", [])
    known = ("log_start", "committed", "high_watermark", "lag", "lost")
    assert [tuple(one[name] for name in known) for one in content["partitions"]] == [  # type: ignore[literal-required]
        (0, 2, 10, 8, 0),
        (0, 4, 4, 0, 0),
        (0, None, 0, None, 0),
    ]
    admin.delete_records({TopicPartition(topic, 0): 7, TopicPartition(topic, 1): 3})
    content = content_of(look)
    assert [tuple(one[name] for name in known) for one in content["partitions"]][:2] == [  # type: ignore[literal-required]
        (7, 2, 10, 8, 5),
        (3, 4, 4, 0, 0),
    ]
    assert group_table(content).caption == "reads: Empty, no members. Lost to retention: 5"
    admin.delete_topics([topic])
    until(lambda: content_of(look)["partitions"] == [])


def test_samples_ask_nobody(
    broker: Broker, consumer: Callable[..., KafkaConsumer], until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts of kafka-python that they come from aren't public: this fails when they change."""
    topic = broker.topic("orders", partitions=2)
    mine = consumer(topic, "sampled")
    assert sample(mine).partitions == frozenset()
    assert (sample(mine).generation, sample(mine).member_id, sample(mine).lost) == (None, "", False)
    until(lambda: mine.partitions_for_topic(topic))
    until(lambda: mine.poll(timeout_ms=100) or mine.assignment())
    until(lambda: mine.poll(timeout_ms=100) or len(sample(mine).positions) == 2)
    with monkeypatch.context() as patch:
        for name in ("position", "poll", "committed", "assignment"):
            patch.setattr(mine, name, None)
        seen = sample(mine)
        assert seen.partitions == {(topic, 0), (topic, 1)}
        assert seen.positions == {(topic, 0): 0, (topic, 1): 0}
        assert seen.generation in (1, 2)  # kafka-python joins twice where it doesn't know the topic yet
        assert (seen.closed, seen.lost, seen.joining) == (False, False, False)
        assert seen.member_id.startswith("kafka-python")
        patch.setattr(mine._coordinator, "rejoining", True)
        assert (sample(mine).partitions, sample(mine).joining) == (frozenset(), True)
    mine._coordinator.reset_generation()
    assert (sample(mine).partitions, sample(mine).lost) == (frozenset(), True)
    mine.close()
    assert sample(mine).closed


def test_consumers_of_another_group(broker: Broker, consumer: Callable[..., KafkaConsumer]) -> None:
    topic = broker.topic("orders")
    with pytest.raises(CourseError, match=r"of the group 'billing'; this one is of group 'shipping'\.$"):
        GroupLook(broker, "billing", [consumer(topic, "shipping")])
    with (
        KafkaConsumer(bootstrap_servers=broker.bootstrap_servers) as alone,
        pytest.raises(CourseError, match=r"this one is of no group\.$"),
    ):
        GroupLook(broker, "billing", [alone])
    with pytest.raises(CourseError, match=r"takes KafkaConsumers in a list"):
        GroupLook(broker, "billing", ["mine"])  # type: ignore[list-item]


def test_group_that_appears(
    broker: Broker, see_group: See, content_of: Content, commit: Commit, admin: KafkaAdminClient
) -> None:
    """It is seen from its first commit on."""
    topic, look = broker.topic("orders"), see_group("newcomers")
    for _ in range(2):
        seen = look.look()
        assert (seen.state, seen.said, seen.content["partitions"]) == (
            "absent",
            "There is no group 'newcomers' yet.",
            [],
        )
    commit("newcomers", topic, {0: 0})
    assert [one["committed"] for one in content_of(look)["partitions"]] == [0]
    admin.delete_groups(["newcomers"])
    assert look.look().state == "absent"


def test_group_of_the_newer_protocol(
    broker: Broker, see_group: See, content_of: Content, send: Send, until: Until
) -> None:
    """kafka-python can't ask for its members: nobody's being in it is claimed."""
    topic = broker.topic("newer")
    send(topic, b"0", b"1")
    broker.tool(
        *("kafka-console-consumer.sh", "--topic", topic, "--group", "newer", "--from-beginning"),
        *("--max-messages", "1", "--command-property", "group.protocol=consumer"),
    )
    content = content_of(see_group("newer"))
    assert (content["state"], content["members"]) == ("Empty", [])
    assert [(one["committed"], one["lag"]) for one in content["partitions"]] == [(1, 1)]
