"""Redis is killed while a member handles a record: it has noted the record there, and not yet sent its mail.

What the learner sees: the member has ended with redis-py's error and the line of its file, and Redis is gone.
start_redis() gives another, which is empty, and a new member takes up the record that wasn't committed. No mail is lost;
the one that was under way comes twice, since what Redis knew went with it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

HANDLER = """
import time
from pathlib import Path
import redis
from kafka import KafkaConsumer
store = redis.Redis.from_url(url)
settings = {"auto_offset_reset": "earliest", "enable_auto_commit": False}
with KafkaConsumer(topic, group_id=group, **settings, **connect) as consumer, open("mails", "ab", buffering=0) as mails:
    for record in consumer:
        if store.set(f"notification:{record.offset}", "begun", nx=True, ex=600):
            while record.offset == 20 and not Path("killed").exists():
                Path("under-way").touch()
                time.sleep(0.01)
            mails.write(record.value + b"\\n")
            store.set(f"notification:{record.offset}", "sent", ex=600)
        consumer.commit()
"""
AT_SENT = 1 + HANDLER[: HANDLER.index('"sent"')].count("\n")
BEGIN = """
from kafka import KafkaProducer
from learnkafka import start_broker, start_member, start_redis
broker, store = start_broker(), start_redis()
topic = broker.topic("orders")
with KafkaProducer(bootstrap_servers=broker.bootstrap_servers) as producer:
    for number in range(50):
        producer.send(topic, b"%d" % number)
"""
START = "member = start_member('mails.py', topic, 'mails', url=store.url)"


@pytest.mark.soak
def test_redis_killed_in_mid_handler(
    lesson: Callable[..., Any], until: Callable[..., Any], tmp_path: Path, runs: Callable[[Path], list[Path]]
) -> None:
    """`kill -9` to the Redis of the lesson, between two lines of the handler of record 20."""
    (tmp_path / "mails.py").write_text(HANDLER)
    learner = lesson()
    learner.does(BEGIN)
    learner.does(START)
    until((tmp_path / "under-way").exists)
    [store] = [one for one in learner.left() if isinstance(one, psutil.Process) and "redis-server" in one.name()]
    store.kill()
    until(lambda: learner.does("store").text == "<Redis: gone>")
    (tmp_path / "killed").touch()
    until(lambda: learner.does("member.state").value == "raised", 60)
    assert learner.does("member.events[-1].error").value.startswith("redis.exceptions.ConnectionError: ")
    assert learner.does("member.events[-1].line").value == AT_SENT

    before = len(runs(learner.tmp))
    learner.does("store = start_redis()")
    assert learner.does("store").text == "<Redis: running>"
    assert len(runs(learner.tmp)) == before
    learner.does(START)
    until(lambda: (tmp_path / "mails").read_bytes().endswith(b"\n49\n"))
    mails = (tmp_path / "mails").read_bytes().split()
    assert mails == [b"%d" % number for number in [*range(21), *range(20, 50)]]
