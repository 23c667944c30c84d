"""The jars: exactly those of the list, whatever happens on their way here."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from learnkafka.broker.distribution import (
    KAFKA_VERSION,
    Jar,
    class_path,
    fetch_jars,
    jars_directory,
    locked_jars,
    unfit_jars,
    written_whole,
)
from learnkafka.errors import BrokerError

FETCH = "from learnkafka.broker.distribution import fetch_jars; print('started', flush=True); fetch_jars()"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds all jars, as a teacher would hand it around."""
    folder = tmp_path_factory.mktemp("jars")
    for path in class_path():
        shutil.copyfile(path, folder / path.name)
    return folder


@pytest.fixture
def filled(own_cache: Path, source: Path) -> Path:
    """A cache of the test's own with all jars in it; a copy, for the test damages it."""
    shutil.copytree(source, own_cache / f"kafka-{KAFKA_VERSION}")
    return own_cache / f"kafka-{KAFKA_VERSION}"


def smallest() -> Jar:
    return min(locked_jars(), key=lambda jar: jar.size)


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x10
    path.write_bytes(content)


def staged(cache: Path) -> list[Path]:
    return list((cache / "staging").iterdir()) if (cache / "staging").exists() else []


def test_list_is_well_formed() -> None:
    """Each jar once, with a SHA-256 and a size; the server, the tools and a binding for the log are among them."""
    jars = locked_jars()
    names = [jar.file_name for jar in jars]
    assert len(names) == len(set(names)) > 40
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in jars)
    assert all(1000 < jar.size < 20_000_000 for jar in jars)
    assert {f"kafka_2.13-{KAFKA_VERSION}.jar", f"kafka-tools-{KAFKA_VERSION}.jar"} <= set(names)
    assert any(name.startswith("slf4j-simple-") for name in names)
    assert [jar.artifact for jar in jars if jar.group == "org.apache.kafka" and jar.version != KAFKA_VERSION] == []


def test_class_path_is_the_list_in_its_order(filled: Path) -> None:
    """The order that the ahead-of-time cache is keyed on."""
    assert class_path() == [filled / jar.file_name for jar in locked_jars()]
    assert jars_directory() == filled


@pytest.mark.soak
@pytest.mark.parametrize("damage", ["a byte", "the end", "all of it"])
def test_damaged_jar_is_found_and_fetched_again(filled: Path, source: Path, damage: str) -> None:
    """Be it one bit: nothing runs on it, and a fetch brings that jar and no other."""
    jar = locked_jars()[11]
    victim = filled / jar.file_name
    others = {path: path.stat().st_ino for path in filled.iterdir() if path != victim}
    if damage == "a byte":
        flip_a_byte(victim)
    elif damage == "the end":
        os.truncate(victim, jar.size - 1)
    else:
        victim.unlink()
    assert unfit_jars() == [jar]
    with pytest.raises(
        BrokerError, match=f"1 of its .* jars are missing or damaged .{jar.file_name}.*learnkafka fetch"
    ):
        class_path()
    assert fetch_jars(source=source) == 1
    assert hashlib.sha256(victim.read_bytes()).hexdigest() == jar.sha256
    assert {path: path.stat().st_ino for path in others} == others
    assert fetch_jars(source=source) == 0
    assert staged(filled.parent) == []


def test_damaged_jar_is_fetched_again_from_maven_central(filled: Path) -> None:
    """Really, through jgo, with a progress that adds up to the jar's size."""
    jar = smallest()
    flip_a_byte(filled / jar.file_name)
    arrived: list[int] = []
    assert fetch_jars(arrived.append) == 1
    assert sum(arrived) == jar.size
    assert unfit_jars() == []
    assert staged(filled.parent) == []


def test_first_fetch_from_a_folder(own_cache: Path, source: Path) -> None:
    """A classroom without a network: all jars from a folder, which stays as it is."""
    before = {path.name: path.stat().st_mtime_ns for path in source.iterdir()}
    assert fetch_jars(source=source) == len(locked_jars())
    assert unfit_jars() == []
    assert {path.name: path.stat().st_mtime_ns for path in source.iterdir()} == before


@pytest.mark.parametrize("wrong", ["damaged", "missing"])
def test_folder_with_a_wrong_jar_is_refused(own_cache: Path, source: Path, tmp_path: Path, wrong: str) -> None:
    """It is named, it isn't installed, and nothing lies about."""
    folder = tmp_path / "given"
    shutil.copytree(source, folder)
    jar = locked_jars()[3]
    if wrong == "damaged":
        flip_a_byte(folder / jar.file_name)
    else:
        (folder / jar.file_name).unlink()
    with pytest.raises(BrokerError, match=f"could not be fetched.*{jar.file_name}") as refused:
        fetch_jars(source=folder)
    assert (f"in {folder};" in str(refused.value)) == (wrong == "missing")
    assert "\n" not in str(refused.value)
    assert not (own_cache / f"kafka-{KAFKA_VERSION}" / jar.file_name).exists()
    assert staged(own_cache) == []


def test_folder_that_is_not_there(own_cache: Path, tmp_path: Path) -> None:
    """One sentence."""
    with pytest.raises(BrokerError, match="could not be fetched") as refused:
        fetch_jars(source=tmp_path / "nowhere")
    assert "\n" not in str(refused.value)


def test_no_network_at_first_start(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence that knows two ways out, and nothing left."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{held.getsockname()[1]}"
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
            monkeypatch.setenv(name, nobody)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(BrokerError, match=r"Maven Central can't be reached.*learnkafka fetch --from") as refused:
            fetch_jars()
    assert "\n" not in str(refused.value)
    assert unfit_jars() == locked_jars()
    assert not list(jars_directory().glob("*"))
    assert staged(own_cache) == []


@pytest.mark.soak
def test_killed_fetch_leaves_no_partial_jar(
    own_cache: Path, source: Path, until: Callable[..., Any], tmp_path: Path
) -> None:
    """What bears a jar's name is that jar, whole; the next fetch removes what the killed one was at."""
    with subprocess.Popen([sys.executable, "-c", FETCH], stdout=subprocess.PIPE, cwd=tmp_path) as fetching:
        try:
            until(lambda: any(path.stat().st_size for path in own_cache.glob("staging/*/**/*.jar*")), 60)
        finally:
            fetching.send_signal(signal.SIGKILL)
    assert fetching.returncode == -signal.SIGKILL
    there = {path.name for path in jars_directory().iterdir()}
    assert there.isdisjoint({jar.file_name for jar in unfit_jars()})
    assert there < {jar.file_name for jar in locked_jars()}
    assert len(staged(own_cache)) == 1
    assert fetch_jars(source=source) == len(locked_jars()) - len(there)
    assert unfit_jars() == []
    assert staged(own_cache) == []


def test_two_fetches_at_once(own_cache: Path, source: Path) -> None:
    """Both end well; neither takes the other's files away."""
    code = "import pathlib, sys; from learnkafka.broker.distribution import fetch_jars; fetch_jars(source=pathlib.Path(sys.argv[1]))"
    both = [subprocess.Popen([sys.executable, "-c", code, str(source)], stderr=subprocess.PIPE) for _ in range(2)]
    for one in both:
        _, said = one.communicate(timeout=60)
        assert one.returncode == 0, said.decode()
    assert unfit_jars() == []
    assert staged(own_cache) == []


def test_full_disk(tmpfs: Callable[[str], Path], source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache without room for all jars: one sentence, no partial jar, nothing else left."""
    disk = tmpfs("size=20m")
    monkeypatch.setenv("XDG_CACHE_HOME", str(disk))
    with pytest.raises(BrokerError, match=r"No space left on device.*learnkafka fetch") as full:
        fetch_jars(source=source)
    assert "\n" not in str(full.value)
    there = {path.name for path in jars_directory().iterdir()}
    assert there.isdisjoint({jar.file_name for jar in unfit_jars()})
    assert staged(disk / "learnkafka") == []


def test_written_whole_or_not_at_all(own_cache: Path) -> None:
    """A file gets its name when its block has succeeded; a block that raises leaves nothing."""
    target = own_cache / "deep" / "file"
    with contextlib.suppress(ZeroDivisionError), written_whole(target) as draft:
        draft.write_text("half")
        raise ZeroDivisionError
    assert not target.exists()
    with written_whole(target) as draft:
        draft.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert staged(own_cache) == []


def test_written_whole_is_content_with_anothers(own_cache: Path) -> None:
    """Where another process made the same directory meanwhile, that one stays."""
    target = own_cache / "made"
    with written_whole(target) as draft:
        draft.mkdir()
        (draft / "mine").touch()
        target.mkdir()
        (target / "theirs").touch()
    assert [path.name for path in target.iterdir()] == ["theirs"]
    assert staged(own_cache) == []
