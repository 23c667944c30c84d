"""The ahead-of-time cache: made once, used where it fits, done without where it doesn't."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from learnkafka.broker import java
from learnkafka.broker.distribution import KAFKA_VERSION, class_path
from learnkafka.broker.embedded import EmbeddedServer
from learnkafka.broker.java import aot_cache, checked_java, command
from learnkafka.broker.training import prepare
from learnkafka.errors import BrokerError


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache directory with jars of its own, in force for this module; prepared by the first test that needs it."""
    jars = class_path()
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        own = folder / "learnkafka" / f"kafka-{KAFKA_VERSION}"
        own.mkdir(parents=True)
        for jar in jars:
            shutil.copyfile(jar, own / jar.name)
        yield folder / "learnkafka"


@pytest.fixture(scope="module")
def prepared(cache: Path) -> Path:
    """The ahead-of-time cache, made there."""
    assert prepare()
    return aot_cache(checked_java(), class_path())


@pytest.fixture
def running(own_tmp: Path, processes: Callable[[Path], list[Any]]) -> Iterator[Callable[[], Any]]:
    """Starts a broker and gives its JVM."""
    started: list[EmbeddedServer] = []

    def start() -> Any:
        started.append(EmbeddedServer())
        (jvm,) = processes(own_tmp)
        return jvm

    yield start
    for server in started:
        server.stop()


def test_broker_starts_without_it(cache: Path, running: Callable[[], Any]) -> None:
    """Before the first fetch: more slowly, and the formatted directory is made and kept."""
    assert not list(cache.glob("aot/*"))
    assert not any("AOT" in word for word in running().cmdline())
    assert (cache / f"formatted-{KAFKA_VERSION}" / "meta.properties").exists()


def test_made_once(prepared: Path, cache: Path) -> None:
    """A second time nothing is made; no draft is left."""
    assert prepared.stat().st_size > 10 * 2**20
    seen = prepared.stat()
    assert prepare()
    assert prepared.stat().st_mtime_ns == seen.st_mtime_ns
    assert list(cache.glob("aot/*")) == [prepared]
    assert list(cache.glob("staging/*")) == []


def test_broker_starts_from_it(prepared: Path, running: Callable[[], Any]) -> None:
    """The JVM is told of it, and has it mapped."""
    jvm = running()
    assert f"-XX:AOTCache={prepared}" in jvm.cmdline()
    assert any(one.path == str(prepared) for one in jvm.memory_maps())


def test_key_follows_jars_and_flags(prepared: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A jar's time, the jars' order, a flag or another Java: each is another cache, and then none is there."""
    program, jars = checked_java(), class_path()
    assert aot_cache(program, jars) == prepared
    assert aot_cache(program, jars[::-1]) != prepared
    assert aot_cache(Path("/usr/bin/java"), jars) != prepared
    seen = jars[0].stat()
    os.utime(jars[0], ns=(seen.st_atime_ns, seen.st_mtime_ns + 10**9))
    assert aot_cache(program, jars) != prepared
    assert not any("AOT" in word for word in command(program, jars, scratch=cache))
    os.utime(jars[0], ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert aot_cache(program, jars) == prepared
    monkeypatch.setattr(java, "FLAGS", [*java.FLAGS, "-Xmx257m"])
    assert aot_cache(program, jars) != prepared


def test_damaged_one_does_no_harm(prepared: Path, running: Callable[[], Any]) -> None:
    """The JVM finds out, and starts without it."""
    whole = prepared.read_bytes()
    prepared.write_bytes(b"\0" * 4096 + whole[4096 : len(whole) // 2])
    try:
        assert f"-XX:AOTCache={prepared}" in running().cmdline()
    finally:
        prepared.write_bytes(whole)


def test_full_disk(tmpfs: Callable[[str], Path], cache: Path, monkeypatch: pytest.MonkeyPatch, own_tmp: Path) -> None:
    """No room for it: one sentence, and no draft left."""
    disk = tmpfs("size=60m")
    (disk / "learnkafka").mkdir()
    shutil.copytree(cache / f"kafka-{KAFKA_VERSION}", disk / "learnkafka" / f"kafka-{KAFKA_VERSION}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(disk))
    with pytest.raises(BrokerError, match=r"full|room") as full:
        prepare()
    assert "\n" not in str(full.value)
    assert not list(disk.glob("learnkafka/aot/*"))
    assert not list(disk.glob("learnkafka/staging/*"))
