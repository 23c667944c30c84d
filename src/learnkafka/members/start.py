"""start_member: a file as a consumer that runs as a process of its own."""

from __future__ import annotations

import json
import os
import sys
import threading
import warnings
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from learnkafka.broker import Broker, running_broker
from learnkafka.broker.asking import ask
from learnkafka.errors import BrokerError
from learnkafka.lifetime import Run
from learnkafka.members.member import Member, MemberError
from learnkafka.members.registry import Given, enter, origin_of, strike, take_name

START_SECONDS = 30.0

_lock = threading.Lock()
_run: Run | None = None
_logs = count(1)


def start_member(
    file: str | os.PathLike[str],
    topic: str | Sequence[str],
    group: str,
    *,
    name: str | None = None,
    broker: Broker | None = None,
    **given: Any,
) -> Member:
    """Run a file as a consumer of a group, in a process of its own; returns when it asks for its first records.

    The file is plain kafka-python. It finds these names: `topic` (as given here), `group`, `connect` (what
    KafkaConsumer needs to connect), and whatever else is `given`. A member is called after its group and numbered in the
    order of start, unless it gets a `name`. The broker is the one that runs here, unless one is named. A member ends with
    the broker or with this process. Raises CourseError with one sentence when it doesn't come to consuming.
    """
    shown = os.fspath(file)
    _check_file(shown)
    topics = _checked_topics(topic)
    if not isinstance(group, str) or not group:
        raise MemberError(f"A group's name is text, like 'billing'; {group!r} isn't.")
    if "connect" in given:
        raise MemberError("start_member gives the file its own `connect`; choose another name for what you hand over.")
    _check_given(given)
    broker = broker or running_broker()
    _check_topics(broker, topics)
    name = take_name(broker, group, name)
    member = Member(name, group, shown)
    try:
        _start_process(
            member,
            {
                "name": name,
                "file": shown,
                "given": {
                    "topic": topic if isinstance(topic, str) else list(topic),
                    "group": group,
                    "connect": {"bootstrap_servers": broker.bootstrap_servers, **broker.client_config()},
                    **given,
                },
            },
        )
        enter(
            broker, member, Given(shown, topic, given)
        )  # before it joins: who sees it in the group shall know whose it is
        broker.end_first(member.discard)
        member.wait_until_consuming(START_SECONDS)
    except BaseException:
        member.discard()
        strike(broker, group, name)
        raise
    return member


def start_like(member: Member) -> Member:
    """Another member with the same file, topic, group, broker and whatever else was given; it gets the next name."""
    broker, given = origin_of(member)
    return start_member(given.file, given.topic, member.group, broker=broker, **given.others)


def _check_file(file: str) -> None:
    path = Path(file)
    try:
        source = path.read_bytes()
    except FileNotFoundError:
        raise MemberError(
            f"There is no file {file!r} here; write it in a cell that begins with `%%writefile {file}`, and run that first."
        ) from None
    except OSError as error:
        raise MemberError(
            f"{file!r} can't be read as a file ({error.strerror}); name a file like 'billing.py'."
        ) from None
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(source, file, "exec", dont_inherit=True)
    except SyntaxError as error:
        where = f" in line {error.lineno}" if error.lineno else ""
        raise MemberError(
            f"{file} isn't Python{where}: {error.msg}; mend it, run its cell and start the member again."
        ) from None
    except ValueError as error:
        raise MemberError(f"{file} isn't Python: {error}; name a file like 'billing.py'.") from None


def _checked_topics(topic: str | Sequence[str]) -> list[str]:
    topics = [topic] if isinstance(topic, str) else list(topic) if isinstance(topic, Iterable) else []
    if not topics or not all(isinstance(one, str) and one for one in topics):
        raise MemberError(f"A member reads a topic or a list of topics, by name, like 'orders'; {topic!r} isn't that.")
    return topics


def _check_given(given: dict[str, Any]) -> None:
    for name, value in given.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            raise MemberError(
                f"{name}={value!r} can't be handed to another process; give text, numbers, lists or dictionaries of them."
            ) from None


def _check_topics(broker: Broker, topics: list[str]) -> None:
    from kafka.errors import KafkaError

    if not broker.is_running:
        raise BrokerError("This broker has ended; start another with start_broker().")
    try:
        known = set(ask(broker.bootstrap_servers, broker.client_config(), lambda admin: admin.list_topics()))
    except KafkaError as error:
        raise BrokerError(
            f"The broker didn't answer when asked for its topics ({type(error).__name__}); "
            "start it anew with start_broker(), or run `learnkafka doctor` in a terminal."
        ) from error
    for one in topics:
        if one not in known:
            raise MemberError(f"There is no topic {one!r} on this broker; make it with broker.topic({one!r}) first.")


def _start_process(member: Member, told: dict[str, Any]) -> None:
    run = _members_run()
    their_control, control = os.pipe()
    reports, their_reports = os.pipe()
    log = run.path / f"member-{next(_logs)}.log"
    try:
        process = run.spawn(
            [sys.executable, "-P", "-m", "learnkafka.members.run", str(their_control), str(their_reports)],
            log,
            pass_fds=(their_control, their_reports),
        )
    except BaseException as error:
        os.close(control)
        os.close(reports)
        if isinstance(error, OSError):
            raise MemberError(
                f"The system didn't start another process ({error.strerror}); end something first."
            ) from error
        raise
    finally:
        os.close(their_control)
        os.close(their_reports)
    member.attach(process, control, reports, log)
    member.tell(told)


def _members_run() -> Run:
    """The run of all members of this process; made anew where it was ended from outside."""
    global _run
    with _lock:
        if _run is None or not _run.path.exists():
            end_members()
            _run = Run()
        return _run


def end_members() -> None:
    """End all members of this process at once."""
    global _run
    if _run is not None:
        _run.close()
        _run = None
