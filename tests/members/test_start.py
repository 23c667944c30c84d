"""What start_member says when it can't, and what it hands to the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from learnkafka.broker import Broker, running_broker
from learnkafka.broker import start as broker_start
from learnkafka.errors import BrokerError, CourseError
from learnkafka.members import Member, start_member

Start = Callable[..., Member]
ENDS = {
    "a syntax error": (
        "from kafka import KafkaConsumer\nfor x in y\n    pass\n",
        r"isn't Python in line 2: expected ':';",
    ),
    "a null byte": ("a = 1\0", r"isn't Python"),
    "raises": ("import kafka\n\nprint(nothing)\n", r"raised in line 3: NameError: name 'nothing' is not defined; mend"),
    "raises deeper": (
        "from kafka import KafkaConsumer\n\nKafkaConsumer(topic, **connect,\n  group=group)\n",
        r"raised in line 3: .*Unrecognized configs: \{'group'\}; mend",
    ),
    "says much": (
        "error = ValueError('first\\nsecond')\nerror.add_note('and a note')\nraise error\n",
        r"raised in line 3: ValueError: first; mend",
    ),
    "no consumer": ("print(topic)\n", r"came to its end without making a KafkaConsumer; a member's file makes one"),
    "no loop": (
        "from kafka import KafkaConsumer\nKafkaConsumer(topic, group_id=group, **connect)\n",
        r"came to its end without asking its consumer for a record; let it loop",
    ),
    "leaves": ("import sys\nsys.exit('goodbye')\n", r"came to its end without making a KafkaConsumer"),
    "vanishes": ("import os\nprint('puff', flush=True)\nos._exit(4)\n", r"ended with status 4, at once \(puff\); mend"),
    "nobody home": (
        "import kafka\nkafka.KafkaConsumer(topic, bootstrap_servers='localhost:1', bootstrap_timeout_ms=200)",
        r"raised in line 2: .*KafkaTimeoutError",
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_file_that_does_not_come_to_consuming(member: Start, group: str, case: str) -> None:
    """One sentence with the file's line; and the name is free for the next."""
    code, sentence = ENDS[case]
    with pytest.raises(CourseError, match=r"^billing\.py " + sentence) as refused:
        member(code)
    assert "\n" not in str(refused.value)
    assert str(Path.cwd()) not in str(refused.value)
    assert member().name == f"{group}-1"


def test_file_that_takes_too_long(member: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that makes no consumer is ended; one that has made one is let be."""
    monkeypatch.setattr("learnkafka.members.start.START_SECONDS", 3)
    with pytest.raises(CourseError, match=r"^billing\.py has made no KafkaConsumer within 3 s"):
        member("import time\ntime.sleep(600)")
    one = member("import kafka, time\nkafka.KafkaConsumer(topic, **connect)\ntime.sleep(600)")
    assert one.is_running


def test_missing_file(member: Start, topic: str, group: str, broker: Broker, tmp_path: Path) -> None:
    """Nothing there, or something that isn't a file."""
    with pytest.raises(CourseError, match=r"^There is no file 'biling\.py' here; .*%%writefile biling\.py"):
        start_member("biling.py", topic, group, broker=broker)
    with pytest.raises(CourseError, match="can't be read as a file"):
        start_member(tmp_path, topic, group, broker=broker)


def test_bad_arguments(member: Start, topic: str, group: str) -> None:
    """Topics, groups and names that can't be."""
    for wrong in ([], "", 5, [None]):
        with pytest.raises(CourseError, match=r"reads a topic or a list of topics.*isn't that"):
            member(topic=wrong)
    with pytest.raises(CourseError, match=r"^There is no topic 'ordres' on this broker; make it with broker\.topic"):
        member(topic=[topic, "ordres"])
    with pytest.raises(CourseError, match="A group's name is text"):
        member(group="")
    with pytest.raises(CourseError, match=r"its own `connect`"):
        member(connect={})
    with pytest.raises(CourseError, match=r"^handled=<object .*can't be handed to another process"):
        member(handled=object())
    member(name="billing-x")
    with pytest.raises(CourseError, match="no other of its group has had; 'billing-x' isn't"):
        member(name="billing-x")


def test_what_the_file_finds(member: Start, topic: str, group: str, until: Callable[..., Any], tmp_path: Path) -> None:
    """`topic`, `group`, `connect` and what is given; it is `__main__`, and finds what lies beside it."""
    (tmp_path / "helper.py").write_text("WORD = 'helps'")
    (tmp_path / "random.py").write_text("raise SystemError('this hides a library')")
    one = member(
        """
        import os, random, sys
        from kafka import KafkaConsumer
        from helper import WORD
        with KafkaConsumer(topic, group_id=group, **connect) as consumer:
            print(topic, group, handled, limits, __name__, __file__, sys.argv, WORD)
            print(sorted(connect), connect["bootstrap_servers"] in " ".join([*sys.argv, *os.environ.values()]))
            consumer.poll()
            print(consumer.config["client_id"])
        """,
        handled="done.txt",
        limits={"most": [1, 2]},
    )
    until(lambda: not one.is_running)
    assert one.output.splitlines() == [
        f"{topic} {group} done.txt {{'most': [1, 2]}} __main__ billing.py ['billing.py'] helps",
        "['bootstrap_servers'] False",
        one.name,
    ]


def test_settings_stay_out_of_arguments_and_environment(member: Start, broker: Broker) -> None:
    """A password may be among them."""
    import psutil

    one = member(secret="swordfish")
    process = psutil.Process(one._process.pid)
    assert "swordfish" not in " ".join([*process.cmdline(), *process.environ().values()])
    assert broker.bootstrap_servers not in " ".join([*process.cmdline(), *process.environ().values()])


def test_running_broker(member: Start, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that runs here; with none or several, a sentence says what to do."""

    class Another(Broker):
        is_running = True  # type: ignore[assignment]

        def __init__(self) -> None:
            pass

    monkeypatch.setattr(broker_start, "_started", {broker})
    assert running_broker() is broker
    assert member(broker=None).is_running
    another = Another()
    monkeypatch.setattr(broker_start, "_started", {broker, another})
    with pytest.raises(BrokerError, match=r"^2 brokers run here; say which one is meant, as in broker=broker\.$"):
        member(broker=None)
    monkeypatch.setattr(broker_start, "_started", set())
    with pytest.raises(BrokerError, match=r"^No broker runs here; start one with start_broker\(\) first\.$"):
        running_broker()
    monkeypatch.setattr(Another, "is_running", False)
    with pytest.raises(BrokerError, match="This broker has ended"):
        member(broker=another)
