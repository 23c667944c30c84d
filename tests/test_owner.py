"""Telling a process from another that has got its id."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from learnkafka.owner import owner_is_alive, owner_tag


def test_own_tag_is_alive() -> None:
    """This process owns what it tagged, whatever follows the tag."""
    assert owner_is_alive(owner_tag())
    assert owner_is_alive(f"{owner_tag()}-a1b2c3.json")


def test_reused_process_id_is_not_the_owner() -> None:
    """The id is in use, but by a process that started at another time."""
    pid, started = owner_tag().split("-")
    assert not owner_is_alive(f"{pid}-{int(started) - 3600}-a1b2c3")
    assert owner_is_alive(f"{pid}-{int(started) + 1}-a1b2c3"), "a clock that was set right by a second"


@pytest.mark.parametrize("name", ["", "notes", "-", "12", "12-", "x-y", "99999999-1763690000"])
def test_name_without_a_living_owner(name: str) -> None:
    """What has no tag, or one of a process that isn't there, belongs to nobody."""
    assert not owner_is_alive(name)


def test_ended_process_that_nobody_waited_for_is_not_alive() -> None:
    """A zombie holds its id, and owns nothing any more."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        tag = f"{child.pid}-{int(psutil.Process(child.pid).create_time())}"
        assert owner_is_alive(tag)
        os.kill(child.pid, signal.SIGKILL)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
        assert not owner_is_alive(tag)
