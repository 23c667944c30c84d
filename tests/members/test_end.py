"""However a kernel ends, its members end with it, and leave nothing; and members that end leave nothing in the kernel."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from learnkafka.members import Member, start
from tests.left import alive, runs_below

Start = Callable[..., Member]
LIMIT = 3.0  # seconds from the death of a kernel until nothing of it is left
CODE = """
import os, sys
from pathlib import Path
from learnkafka.broker import start_broker
from learnkafka.members import start_member
broker = start_broker("embedded")
topic = broker.topic("orders")
Path({file!r}).write_text('''
from kafka import KafkaConsumer
with KafkaConsumer(topic, group_id=group, **connect) as consumer:
    for record in consumer:
        pass
''')
members = [start_member({file!r}, topic, "billing") for _ in range(2)]
members[1].wait_until_assigned()
{before}
print(*[one._process.pid for one in members])
sys.stdin.readline()
{after}
"""


def started(kernel: Any, line: Any, tmp_path: Path, before: str = "", after: str = "") -> tuple[Any, list[Any]]:
    """A kernel with two members, and their processes."""
    one = kernel(CODE.format(file=str(tmp_path / "billing.py"), before=before, after=after))
    return one, [psutil.Process(int(pid)) for pid in line(one).split()]


def gone(processes: list[psutil.Process]) -> bool:
    return not any(map(alive, processes))


@pytest.mark.soak
@pytest.mark.parametrize("state", ["running", "frozen", "paused", "a forked child holds the pipes"])
def test_killed_kernel_takes_its_members_with_it(
    kernel: Any, line: Any, own_tmp: Path, tmp_path: Path, processes: Any, until: Callable[..., Any], state: str
) -> None:
    """Within 3 s of `kill -9`, whatever they were doing: no member, no broker, no directory."""
    before = {
        "frozen": "members[0].freeze()",
        "paused": "members[0].pause()",
        "a forked child holds the pipes": "if os.fork() == 0:\n    sys.stdout.close()\n    import time; time.sleep(30)",
    }.get(state, "")
    one, members = started(kernel, line, tmp_path, before)
    children = [
        process
        for process in psutil.Process(one.pid).children()
        if len(process.children()) == 0 and process not in members and "-c" in process.cmdline()
    ]
    try:
        one.kill()
        until(lambda: gone(members), LIMIT)
        until(lambda: not processes(own_tmp), LIMIT)
        until(lambda: not runs_below(own_tmp), LIMIT)
    finally:
        for child in children:
            child.kill()


@pytest.mark.parametrize("after", ["", "raise SystemExit(3)", "broker.stop()"])
def test_normal_end_takes_members_with_it(
    kernel: Any, line: Any, own_tmp: Path, tmp_path: Path, processes: Any, until: Callable[..., Any], after: str
) -> None:
    """When the process has ended in order, everything is gone already."""
    one, members = started(kernel, line, tmp_path, after=after)
    one.stdin.write("go on\n")
    one.stdin.flush()
    one.wait(60)
    assert gone(members)
    assert processes(own_tmp) == []
    assert not runs_below(own_tmp)


def test_twenty_members_leave_nothing_in_the_kernel(member: Start, until: Callable[..., Any]) -> None:
    """No thread, no descriptor, no file, no child process."""
    code = "from kafka import KafkaConsumer\nKafkaConsumer(topic, group_id=group, **connect).poll()"
    first = member(code)
    until(lambda: not first.is_running)
    here = psutil.Process()

    def held() -> tuple[int, int, int, int]:
        run = start._run
        assert run is not None
        children = [child for child in here.children() if child.status() != psutil.STATUS_ZOMBIE]
        return threading.active_count(), here.num_fds(), len(children), len(list(run.path.iterdir()))

    until(lambda: held()[3] == 0)
    before = held()
    for number in range(20):
        one = member(code if number % 2 else code + "\nwhile True: pass")
        if not number % 2:
            one.kill()
        until(lambda one=one: not one.is_running)
    until(lambda: all(now <= then for now, then in zip(held(), before, strict=True)))


def test_run_that_was_ended_from_outside_is_made_anew(member: Start, until: Callable[..., Any]) -> None:
    """Its guard was told to end, and took all members with it; the next start works."""
    first = member()
    run = start._run
    assert run is not None
    run._guard.terminate()
    until(lambda: not first.is_running)
    until(lambda: not run.path.exists())
    assert member().is_running
    assert start._run is not run


def test_what_a_member_started_does_not_keep_it(member: Start, until: Callable[..., Any]) -> None:
    """A grandchild that inherits everything lives on after the member; the kernel sees the member's end."""
    one = member(
        """
        import os, subprocess, sys
        from kafka import KafkaConsumer
        consumer = KafkaConsumer(topic, group_id=group, **connect)
        consumer.poll()
        if os.fork() == 0:
            import time
            time.sleep(600)
        """
    )
    until(lambda: not one.is_running)
    assert one.exit_code == 0
    start.end_members()
