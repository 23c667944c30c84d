"""A learner's way into the class's cluster: a file of environment variables that only its owner can read."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from learnkafka.broker.environment import BOOTSTRAP, PATIENCE, SECURITY
from learnkafka.errors import ClassroomError
from learnkafka.files import write_whole
from learnkafka.services.address import REDIS_URL

PREFIX = "LEARNKAFKA_PREFIX"
KNOWN = (BOOTSTRAP, *SECURITY, PREFIX, PATIENCE, REDIS_URL)


@dataclass(frozen=True, repr=False)
class Entry:
    """What the environment must say for a learner to get in: variables by name, the password among them."""

    variables: dict[str, str]

    @property
    def password(self) -> str:
        """The learner's password."""
        return self.variables["KAFKA_SASL_PASSWORD"]

    def write(self, path: Path) -> None:
        """Keep it where only the owner of the file can read it; a shell can source it, too. Raises OSError."""
        lines = [f"{name}={shlex.quote(value)}" for name, value in self.variables.items()]
        write_whole(
            path,
            "\n".join(["# How to reach the class's Kafka cluster: learnkafka lab --cluster THIS_FILE", *lines, ""]),
            private=True,
        )


def entry_file(folder: Path, name: str) -> Path:
    """Where the learner's entry lies in the teacher's folder."""
    return folder / f"{name}.env"


def read_entry(path: Path) -> Entry:
    """The entry in the file; raises ClassroomError where there is none, or where others can read it."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it isn't text"
        raise ClassroomError(f"{path} can't be read ({reason}); name the file that your teacher gave you.") from None
    if mode & 0o077:
        raise ClassroomError(
            f"{path} holds a password, and others on this machine can read it; run: chmod 600 {shlex.quote(str(path))}"
        )
    variables = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = re.fullmatch(r"(?:export +)?([A-Z_]+)=(.*)", line.strip())
        if not found or found[1] not in KNOWN:
            raise ClassroomError(
                f"Line {number} of {path} makes no sense: expected NAME=VALUE with a name like {BOOTSTRAP}; ask your teacher for the file again."
            )
        try:
            variables[found[1]] = "".join(shlex.split(found[2]))
        except ValueError:
            raise ClassroomError(
                f"Line {number} of {path} has a quote that doesn't end; ask your teacher for the file again."
            ) from None
    for name in (BOOTSTRAP, "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", PREFIX):
        if not variables.get(name):
            raise ClassroomError(f"{path} doesn't say {name}; ask your teacher for the file again.")
    return Entry(variables)
