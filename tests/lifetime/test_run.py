"""A run: its directory, its processes, and who may end them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from learnkafka.errors import BrokerError
from learnkafka.lifetime import Run, sweep
from learnkafka.lifetime.run import end_processes, remove, runs_directory
from learnkafka.owner import owner_tag
from tests.stopwatch import Stopwatch

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


def test_run_is_its_owners_alone(own_tmp: Path) -> None:
    """Its directory lies below ours, is named after this process, and nobody else may look into it."""
    run = Run()
    try:
        assert run.path.parent == runs_directory()
        assert run.path.parent.parent == own_tmp
        assert run.path.name.startswith(owner_tag())
        assert run.path.stat().st_mode & 0o077 == 0
        assert runs_directory().stat().st_mode & 0o077 == 0
    finally:
        run.close()
    assert not run.path.exists()
    run.close()


def test_close_ends_its_processes_and_their_children(own_tmp: Path, until: Callable[..., Any]) -> None:
    """What was started, and what that started in turn, is gone when close() returns; another run's goes on."""
    run, other = Run(), Run()
    try:
        nested = [sys.executable, "-c", f"import subprocess; subprocess.run({SLEEP!r})"]
        first, second = run.spawn(nested, run.path / "log"), other.spawn(SLEEP, other.path / "log")
        for one in (run, other):
            until(lambda one=one: "up" in (one.path / "log").read_text())
        run.close()
        first.wait(5)
        assert second.poll() is None
        assert not run.path.exists()
    finally:
        run.close()
        other.close()
    second.wait(5)


def test_process_that_nobody_waits_for_has_ended(own_tmp: Path, until: Callable[..., Any]) -> None:
    """A killed process stays in the table until its parent asks for it; a container's first process may never ask."""
    run = Run()
    marked = os.environ | {"LEARNKAFKA_RUN": str(run.path)}
    careless = f"import subprocess, time; subprocess.Popen({SLEEP!r}, env={marked!r}); time.sleep(600)"
    parent = subprocess.Popen([sys.executable, "-c", careless], stdout=subprocess.PIPE, text=True)
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        [child] = psutil.Process(parent.pid).children()
        stopwatch = Stopwatch()
        run.close()
        assert stopwatch.seconds() < 2
        assert child.status() == psutil.STATUS_ZOMBIE
    finally:
        parent.kill()
        parent.wait(5)
        run.close()


def test_process_does_not_hear_the_terminals_interrupt(own_tmp: Path) -> None:
    """What is started stands in a session of its own: an interrupted cell doesn't reach it."""
    run = Run()
    try:
        process = run.spawn(SLEEP, run.path / "log")
        assert os.getsid(process.pid) == process.pid
    finally:
        run.close()
    process.wait(5)


def test_sweep_takes_what_has_no_owner_and_leaves_the_rest(own_tmp: Path) -> None:
    """A dead process's directory goes with the process in it; a living one's stays."""
    mine = Run()
    pid, started = owner_tag().split("-")
    dead = runs_directory() / f"{pid}-{int(started) - 9999}-abcdef"
    dead.mkdir()
    (dead / "broker.log").write_text("old")
    with subprocess.Popen(SLEEP, env=os.environ | {"LEARNKAFKA_RUN": str(dead)}, stdout=subprocess.DEVNULL) as orphan:
        try:
            sweep()
            orphan.wait(5)
            assert not dead.exists()
            assert mine.path.exists()
        finally:
            orphan.kill()
            mine.close()


def test_removing_twice_or_what_is_not_there_is_no_error(own_tmp: Path) -> None:
    """Two may clean up at once."""
    gone = runs_directory() / "1-1-abcdef"
    end_processes(gone)
    remove(gone)
    remove(gone)
    assert not gone.exists()


def test_full_disk_is_one_sentence(tmpfs: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not even a directory can be made, the error says what to do, and no guard is left."""
    import tempfile

    disk = tmpfs("size=1m,nr_inodes=2")
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    with pytest.raises(BrokerError, match=r"set TMPDIR\.$") as full:
        Run()
    assert "\n" not in str(full.value)


def test_directory_of_another_user_is_refused(own_tmp: Path) -> None:
    """In a shared temporary directory somebody else may have taken our name."""
    if os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    path = runs_directory()
    os.chown(path, 65534, 65534)
    with pytest.raises(BrokerError, match="isn't a directory of yours"):
        Run()


@pytest.mark.parametrize("kind", ["a link", "a dangling link", "a file"])
def test_what_is_no_directory_of_ours_is_refused(own_tmp: Path, tmp_path: Path, kind: str) -> None:
    """A link in our place would have what it points to swept: what lies there stays, and one sentence is said."""
    path = runs_directory()
    path.rmdir()
    (tmp_path / "home/thesis").mkdir(parents=True)
    if kind == "a file":
        path.touch()
    else:
        path.symlink_to(tmp_path / ("home" if kind == "a link" else "nowhere"))
    for start in (sweep, Run):
        with pytest.raises(BrokerError, match=r"isn't a directory of yours.*set TMPDIR"):
            start()
    assert (tmp_path / "home/thesis").is_dir()


def test_a_directory_that_others_may_read_is_closed_to_them(own_tmp: Path) -> None:
    """It was made by hand, say, or unpacked with other rights."""
    path = runs_directory()
    path.chmod(0o777)
    assert runs_directory().stat().st_mode & 0o777 == 0o700
