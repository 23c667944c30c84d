"""What is seen of a topic's log, on a real broker: records, offsets, segments, and their going."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, cast

import psutil
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from learnkafka.errors import CourseError
from learnkafka.observe import logs, observer
from learnkafka.observe.logs import LogLook, newest_of_each
from learnkafka.observe.texts import short_text
from tests.observe.recording import recording

if TYPE_CHECKING:
    from learnkafka.broker import Broker
    from learnkafka.observe.log_contents import LogContent, LogPartition
    from learnkafka.observe.recorder import Recorder

Send = Callable[..., None]
Until = Callable[..., Any]
See = Callable[..., LogLook]


@pytest.fixture
def see(broker: Broker) -> Iterator[See]:
    """`see(topic, group, consumers)`: a look at the module's broker, closed in the end."""
    opened: list[LogLook] = []

    def of(topic: str, *arguments: Any) -> LogLook:
        opened.append(LogLook(broker, topic, *arguments))
        return opened[-1]

    yield of
    for look in opened:
        look.close()


def content(look: LogLook) -> LogContent:
    return cast("LogContent", look.look().content)


def only(look: LogLook) -> LogPartition:
    (partition,) = content(look)["partitions"]
    return partition


def offsets(partition: LogPartition) -> list[int]:
    assert partition["records"] is not None
    return [cast("int", record[0]) for record in partition["records"]]


def test_records_appear_in_order(broker: Broker, see: See, send: Send) -> None:
    """Offsets, times, keys and values of each partition; a look reads only what is new."""
    topic = broker.topic("orders", partitions=2, retention_ms=-1)  # or records of 1970 would go at once
    look = see(topic)
    empty = content(look)
    assert [one["records"] for one in empty["partitions"]] == [[], []]
    assert (empty["records"], empty["exact"], empty["group"], empty["follows"]) == (0, True, None, False)
    send(topic, b"bread", b"salt", key=b"ada", timestamp_ms=1000)
    first = content(look)
    send(topic, b"milk", timestamp_ms=2000)
    send(topic, None, key=b"ada", partition=1, timestamp_ms=3000)
    second = content(look)
    ada = first["partitions"][0]["records"][0][3]  # type: ignore[index]
    assert isinstance(ada, int)
    assert first["partitions"][0]["records"] == [[0, 1000, "ada", ada, "bread"], [1, 1000, "ada", ada, "salt"]]
    assert second["partitions"][0]["records"] == [
        [0, 1000, "ada", ada, "bread"],
        [1, 1000, "ada", ada, "salt"],
        [2, 2000, None, None, "milk"],
    ]
    assert second["partitions"][1]["records"] == [[0, 3000, "ada", ada, None]]
    assert second["partitions"][0]["records"][0] is first["partitions"][0]["records"][0]  # type: ignore[index]
    one = second["partitions"][0]
    assert [one[name] for name in ("log_start", "high_watermark", "end", "leader")] == [0, 3, 3, 1]  # type: ignore[literal-required]
    assert [one[name] for name in ("committed", "position", "lag")] == [None] * 3  # type: ignore[literal-required]
    assert second["records"] == 4
    assert content(look)["partitions"][0] is one  # what didn't change is shared between frames


def test_committed_position_and_lag(broker: Broker, see: See, send: Send) -> None:
    """A consumer that was handed over is where it is, without being asked; the group is where it committed."""
    topic, group = broker.topic("orders", partitions=2), broker.name("billing")
    send(topic, *[b"one"] * 5)
    partition = TopicPartition(topic, 0)
    with KafkaConsumer(
        bootstrap_servers=broker.bootstrap_servers, group_id=group, enable_auto_commit=False, max_poll_records=2
    ) as mine:
        look = see(topic, group, [mine])
        mine.assign([partition])
        mine.seek(partition, 1)
        assert (content(look)["partitions"][0]["position"], content(look)["partitions"][0]["committed"]) == (1, None)
        next(mine)
        mine.commit()
        next(mine)
        seen = content(look)
        assert seen["follows"]
        first, second = seen["partitions"]
        assert (first["committed"], first["position"], first["high_watermark"], first["lag"]) == (2, 3, 5, 3)
        assert (second["committed"], second["position"], second["lag"]) == (None, None, None)
        assert content(see(topic, None, [mine]))["partitions"][0]["lag"] == 2
    closed = content(look)["partitions"][0]
    assert (closed["committed"], closed["position"]) == (2, None)


def test_positions_ask_nobody(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The part of kafka-python that they come from isn't public: this fails when it changes."""
    with KafkaConsumer(bootstrap_servers=broker.bootstrap_servers) as mine:
        mine.assign([TopicPartition("orders", 0), TopicPartition("others", 1)])
        mine.seek(TopicPartition("orders", 0), 7)
        for name in ("position", "poll", "committed", "assignment"):
            monkeypatch.setattr(mine, name, None)
        assert logs.positions_in("orders", [mine]) == {0: 7}
        assert logs.positions_in("others", [mine]) == {}
    with pytest.raises(CourseError, match=r"consumers=\[mine\]"):
        LogLook(broker, "orders", None, ["mine"])  # type: ignore[list-item]


def test_a_group_that_appears(broker: Broker, see: See, send: Send, commit: Callable[..., None]) -> None:
    topic, group = broker.topic("orders"), broker.name("newcomers")
    send(topic, b"one", b"two")
    look = see(topic, group)
    assert only(look)["committed"] is None
    commit(group, topic, {0: 1})
    assert (only(look)["committed"], only(look)["lag"]) == (1, 1)
    commit(group, topic, {0: 2})
    assert (only(look)["committed"], only(look)["lag"]) == (2, 0)


def test_log_start_moves(broker: Broker, see: See, send: Send, admin: KafkaAdminClient) -> None:
    """What was deleted isn't shown any more; a commit may then be before the log start."""
    topic = broker.topic("orders")
    send(topic, *[b"one"] * 6)
    look = see(topic)
    assert offsets(only(look)) == [0, 1, 2, 3, 4, 5]
    admin.delete_records({TopicPartition(topic, 0): 4})
    seen = only(look)
    assert (seen["log_start"], offsets(seen)) == (4, [4, 5])
    assert content(look)["records"] == 2
    admin.delete_records({TopicPartition(topic, 0): 6})
    assert (offsets(only(look)), content(look)["records"]) == ([], 0)
    send(topic, b"next")
    assert offsets(only(look)) == [6]


def test_retention_takes_segments(broker: Broker, see: See, producer: KafkaProducer, until: Until) -> None:
    """Whole segments, oldest first; their base offsets are known where the data directory is."""
    topic = broker.topic("kept", retention_bytes=1_048_576, segment_bytes=1_048_576)
    look = see(topic)
    for _ in range(50):
        producer.send(topic, bytes(60_000), key=b"k")
    producer.flush()
    until(lambda: (only(look)["log_start"] or 0) > 0)
    # A look that the broker doesn't answer in time shows what it has; the next one has the rest.
    seen = until(
        lambda: (
            (one := only(look))["segments"]
            and one["segments"][0] == one["log_start"]
            and offsets(one) == list(range(one["read_from"], 50))
            and one
        )
    )
    assert seen["segments"] == sorted(seen["segments"])
    assert seen["log_start"] > 0
    assert seen["read_from"] >= seen["log_start"]
    assert seen["size"] < 50 * 60_000


def test_compaction_leaves_gaps(broker: Broker, see: See, producer: KafkaProducer, until: Until) -> None:
    """Records of a key that have a successor go, wherever they were in the window."""
    topic = broker.topic(
        "latest",
        cleanup_policy="compact",
        segment_bytes=1_048_576,
        min_cleanable_dirty_ratio=0.01,
        min_compaction_lag_ms=0,
    )
    look = see(topic)
    look.look()
    for number in range(20):
        producer.send(topic, bytes(100_000), key=[b"ada", b"bob"][number % 2]).get(timeout=20)
    before = only(look)
    assert before["records"] is not None
    seen = until(lambda: len(offsets(one := only(look))) < 20 and one)
    left = offsets(seen)
    assert left[-1] == 19
    assert set(range(20)) - set(left)
    until(lambda: content(look)["records"] == len(offsets(only(look))) < 20)


def test_transaction_marker_is_a_gap(broker: Broker, see: See) -> None:
    topic = broker.topic("ledger")
    look = see(topic)
    with KafkaProducer(bootstrap_servers=broker.bootstrap_servers, transactional_id="till") as producer:
        producer.init_transactions()
        for _ in range(2):
            producer.begin_transaction()
            producer.send(topic, b"paid").get(timeout=20)
            producer.commit_transaction()
    seen = only(look)
    assert (offsets(seen), seen["read_from"], seen["read_to"]) == ([0, 2], 0, 4)
    assert content(look)["records"] == 2
    assert offsets(only(look)) == [0, 2]


def test_only_the_newest_are_read(broker: Broker, see: See, producer: KafkaProducer) -> None:
    """Of 10,000 records 60; and after 10,000 more, which come between two looks, again 60."""
    topic = broker.topic("history")
    look = see(topic)
    for end in (10_000, 20_000):
        for number in range(10_000):
            producer.send(topic, b"%d" % number)
        producer.flush()
        seen = only(look)
        assert offsets(seen) == list(range(end - 60, end))
        assert seen["high_watermark"] == end
    assert content(look)["exact"]
    assert [newest_of_each(count) for count in (1, 20, 21, 100, 300, 1000)] == [60, 60, 56, 12, 4, 0]


def test_any_key_and_value(broker: Broker, see: See, send: Send) -> None:
    """Markup, Unicode, nulls, bytes that aren't text, a megabyte: short texts, which hold nothing invisible."""
    topic = broker.topic("anything", max_message_bytes=4_000_000)
    look = see(topic)
    look.look()
    with KafkaProducer(bootstrap_servers=broker.bootstrap_servers, max_request_size=4_000_000) as large:
        for key, value in [
            (b"<script>alert(1)</script>", b"<b>&amp;"),
            ("Zoë 🥖".encode(), "a\nb\u202ec".encode()),
            (b"null", None),
            (b"", b""),
            (b"\x00\xff", b"\xff\xfe\xfd"),
            (b"k" * 1_000_000, "ü".encode() * 500_000),
        ]:
            large.send(topic, value, key=key).get(timeout=20)
    seen = only(look)
    assert seen["records"] is not None
    shown = [(record[2], record[4]) for record in seen["records"]]
    assert shown == [
        ("<script>alert(1)</script>", "<b>&amp;"),
        ("Zoë 🥖", "a b\ufffdc"),
        ("null", None),
        ("", ""),
        ("0x00ff", "0xfffefd"),
        ("k" * 39 + "…", "ü" * 79 + "…"),
    ]
    assert short_text("👩\u200d🚀".encode(), 5) == "👩\u200d🚀"


def test_keys_that_begin_alike_differ(broker: Broker, see: See, send: Send) -> None:
    topic = broker.topic("orders")
    send(topic, b"1", key=b"k" * 50 + b"1")
    send(topic, b"2", key=b"k" * 50 + b"2")
    records = only(see(topic))["records"]
    assert records is not None
    assert records[0][2] == records[1][2]
    assert records[0][3] != records[1][3]


def test_large_records_are_not_all_read(broker: Broker, see: See) -> None:
    """Sixty of a megabyte would be sixty megabytes: the newest do."""
    topic = broker.topic("large", max_message_bytes=2_000_000)
    with KafkaProducer(bootstrap_servers=broker.bootstrap_servers, max_request_size=2_000_000) as large:
        for _ in range(10):
            large.send(topic, bytes(1_000_000)).get(timeout=20)
        look = see(topic)
        seen = only(look)
        assert offsets(seen) == [9]
        assert seen["read_from"] == 9
        large.send(topic, b"small").get(timeout=20)
    assert offsets(only(look)) == [9, 10]
    assert content(look)["records"] == 11


def test_absent_made_and_made_anew(broker: Broker, see: See, send: Send) -> None:
    look = see("later")
    seen = look.look()
    assert (seen.state, seen.content["partitions"]) == ("absent", [])
    assert seen.said == "There is no topic 'later' yet."
    for value in (b"one", b"two"):
        broker.topic("later")
        send("later", value)
        records = only(look)["records"]
        assert records is not None
        assert [(record[0], record[4]) for record in records] == [(0, value.decode())]


def test_many_partitions(broker: Broker, see: See, send: Send) -> None:
    """Of hundreds only offsets are told."""
    topic = broker.topic("wide", partitions=320)
    send(topic, b"one", partition=319)
    seen = content(see(topic))
    assert len(seen["partitions"]) == 320
    assert seen["partitions"][319]["end"] == 1
    assert seen["partitions"][319]["records"] == []
    assert seen["records"] == 1


# A broker that goes away.


def state(recorder: Recorder) -> str:
    return recorder.newest.state if recorder.newest else ""


def test_paused_and_continued(mortal: Broker, until: Until, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said, with what was last known; and then it goes on by itself, with what has come since."""
    monkeypatch.setattr(observer, "SECONDS", 1.0)
    process = psutil.Process(mortal._server.nodes[1].process.pid)  # type: ignore[attr-defined]
    with (
        KafkaProducer(bootstrap_servers=mortal.bootstrap_servers) as producer,
        recording(LogLook(mortal, "orders")) as recorder,
    ):
        producer.send("orders", b"before").get(timeout=20)
        until(lambda: recorder.newest and recorder.newest.content.get("records") == 1)
        process.suspend()
        try:
            until(lambda: state(recorder) == "unreachable")
            assert recorder.newest
            assert recorder.newest.content["records"] == 1
            assert "didn't answer" in recorder.newest.said
        finally:
            process.resume()
        until(lambda: state(recorder) == "live")
        producer.send("orders", b"after").get(timeout=20)
        until(lambda: recorder.newest and recorder.newest.content["records"] == 2)


def test_killed(mortal: Broker, until: Until, capfd: pytest.CaptureFixture[str]) -> None:
    """It is said at once, and nothing is printed; closing leaves no thread."""
    with recording(LogLook(mortal, "orders")) as recorder:
        until(lambda: state(recorder) == "live")
        mortal._server.nodes[1].kill()  # type: ignore[attr-defined]
        until(lambda: state(recorder) == "unreachable")
        assert recorder.newest
        assert recorder.newest.said == "The broker has ended; run the cell that starts it again."
        assert len(recorder.newest.content["partitions"]) == 1
    until(lambda: not [one for one in threading.enumerate() if "learnkafka-view" in one.name])
    assert "Traceback" not in capfd.readouterr().err


DYING = """
import sys, time
from learnkafka import start_broker
from learnkafka import views
broker = start_broker(kind="embedded", new=True)
view = views.log(broker, broker.topic("orders"), group="nobody")
view.recorder.start()
deadline = time.monotonic() + 60
for state in ("live", "unreachable"):
    while not view.recorder.newest or view.recorder.newest.state != state:
        assert time.monotonic() < deadline, view.recorder.newest
        time.sleep(0.02)
    if state == "live":
        broker._server.nodes[1].kill()
print("end")
"""


def test_nothing_is_printed() -> None:
    """Neither when the broker dies, nor when the process ends while a view looks: it ends at once."""
    done = subprocess.run(
        [sys.executable, "-c", DYING],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")
