"""Names that Kafka takes, the prefix that keeps learners on one cluster apart, and what of it all is ours."""

from __future__ import annotations

import getpass
import os
import re

from learnkafka.errors import NameRefusedError

LONGEST = 249
_LEGAL = re.compile(r"[a-zA-Z0-9._-]+")


def checked_name(name: str) -> str:
    """The name itself, when Kafka takes it for a topic; raises NameRefusedError with the rule otherwise.

    Source: Apache Kafka 4.3, `org.apache.kafka.common.internals.Topic`.
    """
    if not isinstance(name, str):
        raise NameRefusedError(f"A name is text, like 'orders'; this is {type(name).__name__}.")
    if len(name) > LONGEST:
        raise NameRefusedError(f"A topic's name has at most {LONGEST} characters; this one has {len(name)}.")
    if name in (".", "..") or not _LEGAL.fullmatch(name):
        raise NameRefusedError(
            f"Kafka doesn't take {name!r} as a topic's name: use letters A to Z, digits, '.', '_' and '-', as in 'orders-eu'."
        )
    return name


def learner_prefix() -> str:
    """What this learner's names begin with on a cluster that others use too.

    `LEARNKAFKA_PREFIX` where set; otherwise the JupyterHub or login name and a hyphen.
    """
    if chosen := os.environ.get("LEARNKAFKA_PREFIX"):
        return checked_name(chosen)
    user = os.environ.get("JUPYTERHUB_USER") or _login_name()
    return re.sub(r"[^a-zA-Z0-9.-]", "-", user) + "-"


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may give its user a number and no name
        return f"user{os.getuid()}"


class Names:
    """The names on a broker that is the learner's alone: no prefix, and every topic is ours."""

    prefix = ""

    def full(self, name: str) -> str:
        """The name as the broker knows it."""
        return checked_name(name)

    def made(self, full: str) -> None:
        """The course has made the topic of this name."""

    def is_ours(self, full: str) -> bool:
        """Whether the course may delete the topic of this name."""
        return True
