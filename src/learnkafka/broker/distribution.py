"""The jars of Apache Kafka: which they are, where they lie, and that each is exactly what it should be.

`jars.lock` lists them by Maven coordinates with SHA-256 and size. jgo fetches them, but writes straight to a file's
final name and only warns of a wrong checksum; so it fetches into a staging directory, and a jar is moved to its final
place after its SHA-256 was found right. They are checked again before every start (44 MB: 0.02 s where this was
measured).
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import platformdirs

from learnkafka.errors import BrokerError
from learnkafka.owner import owner_is_alive, owner_tag

KAFKA_VERSION = "4.3.1"

Progress = Callable[[int], None]
"""Told how many bytes have just arrived."""


@dataclass(frozen=True)
class Jar:
    """One line of `jars.lock`."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int  # bytes

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


def locked_jars() -> list[Jar]:
    """What the course runs on, in class path order."""
    lines = files("learnkafka").joinpath("broker/jars.lock").read_text(encoding="ascii").splitlines()
    return [_as_jar(line) for line in lines if line and not line.startswith("#")]


def _as_jar(line: str) -> Jar:
    coordinates, sha256, size = line.split()
    group, artifact, version = coordinates.split(":")
    return Jar(group, artifact, version, sha256, int(size))


def cache_directory() -> Path:
    """Where everything that can be fetched or made again is kept."""
    return platformdirs.user_cache_path("learnkafka")


def jars_directory() -> Path:
    """Where the jars lie, all in one directory."""
    return cache_directory() / f"kafka-{KAFKA_VERSION}"


def class_path() -> list[Path]:
    """The jars' paths, each checked just now; raises BrokerError when any is missing or damaged."""
    unfit = unfit_jars()
    if unfit:
        names = ", ".join(jar.file_name for jar in unfit[:3]) + (", …" if len(unfit) > 3 else "")
        raise BrokerError(
            f"Apache Kafka {KAFKA_VERSION} isn't complete on this machine: {len(unfit)} of its {len(locked_jars())} jars "
            f"are missing or damaged ({names}). Run `learnkafka fetch` in a terminal."
        )
    return [jars_directory() / jar.file_name for jar in locked_jars()]


def unfit_jars() -> list[Jar]:
    """The jars that are missing, or differ from the list by so much as a bit."""
    directory = jars_directory()
    with ThreadPoolExecutor(max_workers=2) as pool:
        fit = pool.map(lambda jar: _is_fit(directory / jar.file_name, jar), locked_jars())
        return [jar for jar, good in zip(locked_jars(), fit, strict=True) if not good]


def _is_fit(path: Path, jar: Jar) -> bool:
    try:
        if path.stat().st_size != jar.size:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except OSError:
        return False


def fetch_jars(progress: Progress | None = None, source: Path | None = None) -> int:
    """Bring in every jar that is missing or damaged, and return how many that were.

    From Maven Central through jgo or, given `source`, from a folder that holds them (a classroom without a network).
    """
    wanted = unfit_jars()
    if not wanted:
        return 0
    try:
        with _staging() as staging, ThreadPoolExecutor(max_workers=4) as pool:
            bring = _copier(source) if source else _downloader(staging, progress)
            jars_directory().mkdir(parents=True, exist_ok=True)
            list(pool.map(lambda jar: _install(bring(jar), jar, staging), wanted))
    except OSError as error:
        raise BrokerError(f"{_not_fetched()}: {error}. Mend that and run `learnkafka fetch` again.") from error
    return len(wanted)


def _install(path: Path, jar: Jar, staging: Path) -> None:
    if not _is_fit(path, jar):
        raise BrokerError(
            f"{_not_fetched()}: {jar.file_name} arrived damaged (its SHA-256 isn't the one in jars.lock). "
            "Run `learnkafka fetch` again; if it happens again, something between here and there changes files."
        )
    if staging not in path.parents:
        path = Path(shutil.copyfile(path, staging / jar.file_name))
    path.replace(jars_directory() / jar.file_name)


def _copier(source: Path) -> Callable[[Jar], Path]:
    def copy(jar: Jar) -> Path:
        if not (source / jar.file_name).is_file():
            raise BrokerError(
                f"{_not_fetched()}: there is no {jar.file_name} in {source}; copy the folder {jars_directory()} from a "
                "machine that has it, and name that copy."
            )
        return source / jar.file_name

    return copy


def _downloader(staging: Path, progress: Progress | None) -> Callable[[Jar], Path]:
    # Imported here: a start with everything in place doesn't need jgo.
    import requests
    from jgo.maven import MavenContext, PythonResolver

    # jgo asks for a context manager a file, that yields what is called with each chunk's size.
    report: Any = (lambda _name, _size: nullcontext(progress)) if progress else None
    maven = MavenContext(resolver=PythonResolver(progress_callback=report), repo_cache=staging, timeout=20)

    def download(jar: Jar) -> Path:
        try:
            artifact = maven.project(jar.group, jar.artifact).at_version(jar.version).artifact()
            return Path(artifact.resolve())
        except (requests.RequestException, RuntimeError) as error:
            reason = "Maven Central can't be reached" if isinstance(error, requests.RequestException) else "not found"
            raise BrokerError(
                f"{_not_fetched()}: {jar.file_name}: {reason}. Connect to the network and run `learnkafka fetch`, or "
                f"copy the folder {jars_directory()} from a machine that has it and run `learnkafka fetch --from FOLDER`."
            ) from error

    return download


def _not_fetched() -> str:
    return f"Apache Kafka {KAFKA_VERSION} could not be fetched"


@contextmanager
def _staging() -> Iterator[Path]:
    """A directory beside the jars, on the same file system; one that a killed fetch left is removed first."""
    root = cache_directory() / "staging"
    root.mkdir(parents=True, exist_ok=True)
    for left in root.iterdir():
        if not owner_is_alive(left.name):
            shutil.rmtree(left, ignore_errors=True)
    path = root / f"{owner_tag()}-{secrets.token_hex(3)}"
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary name to write a file or directory under; it gets its real name only when the block succeeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _staging() as staging:
        draft = staging / path.name
        yield draft
        if draft.is_dir() and path.exists():
            return  # another process was quicker with the same thing
        draft.replace(path)
