"""What all tests share: which parts of a machine they need, and that nothing is left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

Seen = TypeVar("Seen")

REQUIRE_ALL = "LEARNKAFKA_REQUIRE_ALL"


def _missing(part: str) -> str | None:
    if part == "docker":
        from learnkafka.broker.image import image_finding

        finding = image_finding()
        return str(finding) if finding else None
    return None if shutil.which("chromium") else "no Chromium on this machine"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine lacks the parts for; in CI, where nothing may be lacking, let it run and fail."""
    for part in ("docker", "browser"):
        concerned = [item for item in items if item.get_closest_marker(part)]
        if concerned and not os.environ.get(REQUIRE_ALL) and (reason := _missing(part)):
            for item in concerned:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):  # type: ignore[no-untyped-def]
    """With LEARNKAFKA_REQUIRE_ALL=1 a skipped test is a failed one, whatever it was skipped for."""
    report = yield
    if report.skipped and os.environ.get(REQUIRE_ALL):
        report.outcome = "failed"
        report.longrepr = f"skipped, where {REQUIRE_ALL} allows no skips: {report.longrepr}"
    return report


def wait_until(condition: Callable[[], Seen], seconds: float = 30) -> Seen:
    """What the condition gives, as soon as that is true; fails when it isn't within the time."""
    deadline = time.monotonic() + seconds
    while not (seen := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {condition.__qualname__}"
        time.sleep(0.02)
    return seen


@pytest.fixture(scope="session")
def until() -> Callable[..., Seen]:
    """`until(condition, seconds)`: wait for a condition, with a deadline."""
    return wait_until


@pytest.fixture
def own_tmp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary directory that no other test uses, in force for this process and those that it starts.

    Short, for a socket's path has at most 107 characters; what a test leaves in it, other than nothing, fails.
    """
    with tempfile.TemporaryDirectory(prefix="lk-", dir="/tmp") as path:
        monkeypatch.setenv("TMPDIR", path)
        monkeypatch.setattr(tempfile, "tempdir", None)
        yield Path(path)
        left = [str(one) for one in Path(path).rglob("*") if one.parent != Path(path)]
        assert not left, f"left behind: {left}"


@pytest.fixture
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache directory of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "learnkafka"


@pytest.fixture
def tmpfs(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """`tmpfs("size=1m")`: a small disk of the test's own."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        path = tmp_path / f"disk-{len(mounted)}"
        path.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
        mounted.append(path)
        return path

    yield mount
    for path in mounted:
        subprocess.run(["umount", path], check=True)
