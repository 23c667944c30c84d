"""Adding learners to a cluster, and removing them with all that they made there."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from learnkafka.broker import environment
from learnkafka.broker.groups import delete_groups
from learnkafka.broker.probe import probe, probe_address, probe_login
from learnkafka.broker.topics import delete_topics
from learnkafka.classroom.entries import PREFIX, Entry, entry_file, read_entry
from learnkafka.classroom.quotas import Quota, set_quotas
from learnkafka.classroom.rights import give_rights, prefixes_of, take_rights
from learnkafka.errors import ClassroomError
from learnkafka.services.address import REDIS_URL

MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256")
CONNECT_MS = 10_000
SETTLE_SECONDS = 30  # until each broker knows a new user
GROUPS_SECONDS = 30
TIMES = "8"  # LEARNKAFKA_PATIENCE: thirty at once on two cores take that much longer than one
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._]{0,39}")


def prefix_of(name: str) -> str:
    """What the learner's names begin with. No name has a hyphen, so no prefix begins with another's."""
    return f"{name}-"


def add_learners(
    names: Sequence[str],
    folder: Path,
    *,
    quota: Quota | None = None,
    address: str | None = None,
    protocol: str | None = None,
    mechanism: str = MECHANISMS[0],
    redis: str | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> list[Path]:
    """Give each learner a user, rights, a quota and an entry file in the folder; the files, in the names' order.

    The environment says how the teacher gets in; learners go the same way, or by `address` and `protocol` where these
    are given, and with `mechanism`. An entry that is in the folder keeps its password, so that a call that broke off
    can be made again. Raises ClassroomError, before anything is changed, for a name that can't be added.
    """
    way = _way(address, protocol, mechanism)
    with _teacher() as admin:
        entries = {}
        for name in _checked(names):
            path = entry_file(folder, name)
            prefixes_of(admin, name)  # raises where there are no rights to give
            _refuse_foreign(admin, name, path)
            password = read_entry(path).password if path.exists() else secrets.token_urlsafe(18)
            own = {"KAFKA_SASL_USERNAME": name, "KAFKA_SASL_PASSWORD": password, PREFIX: prefix_of(name)}
            own[environment.PATIENCE] = TIMES
            entries[name] = Entry(way | own | ({REDIS_URL: redis} if redis else {}))
        _refuse_no_way(next(iter(entries.values())))
        for name, entry in entries.items():
            entry.write(entry_file(folder, name))
        give_rights(admin, {name: prefix_of(name) for name in entries})
        set_quotas(admin, {name: quota or Quota() for name in entries})
        _set_passwords(admin, {name: entry.password for name, entry in entries.items()}, mechanism)
        deadline = time.monotonic() + SETTLE_SECONDS
        for name, entry in entries.items():
            while finding := probe_login(way[environment.BOOTSTRAP], environment.config_of(entry.variables)):
                if time.monotonic() > deadline:
                    raise ClassroomError(f"{name} was added, but can't get in: {finding}")
                time.sleep(0.1)
            report(name)
    return [entry_file(folder, name) for name in entries]


def remove_learners(names: Sequence[str], folder: Path, *, report: Callable[[str], None] = lambda _: None) -> None:
    """Take from each learner the user, the rights, the quota, the entry file, and all topics and groups under the prefix.

    Raises ClassroomError, before anything is changed, for a name that isn't in the class.
    """
    with _teacher() as admin:
        for name in _checked(names):
            if prefix_of(name) not in prefixes_of(admin, name) and not entry_file(folder, name).exists():
                raise ClassroomError(
                    f"{name} isn't in the class: expected a user with the rights that `learnkafka class add` gives, "
                    "or a file in the folder; nobody was removed."
                )
        for name in names:
            prefix = prefix_of(name)
            _delete_user(admin, name)
            take_rights(admin, name)  # open connections can do nothing any more
            delete_topics(admin, [topic for topic in admin.list_topics() if topic.startswith(prefix)])
            if left := delete_groups(admin, partial(_groups, admin, prefix), GROUPS_SECONDS):
                raise ClassroomError(
                    f"The group {left[0]} of {name} couldn't be deleted: it still has members; run the command again."
                )
            set_quotas(admin, {name: None})
            entry_file(folder, name).unlink(missing_ok=True)
            report(name)


@contextmanager
def _teacher() -> Iterator[Any]:
    """An admin client with the teacher's own way in."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    servers, config = environment.bootstrap_servers(), environment.client_config()
    if finding := probe(servers, config):
        raise ClassroomError(f"The cluster can't be used: {finding}")
    try:
        with KafkaAdminClient(bootstrap_servers=servers, **config, bootstrap_timeout_ms=CONNECT_MS) as admin:
            yield admin
    except KafkaError as error:
        raise ClassroomError(
            f"The cluster didn't do it ({type(error).__name__}); see that you connect as one of its super users, and run "
            "the command again: what is done already stays."
        ) from error


def _way(address: str | None, protocol: str | None, mechanism: str) -> dict[str, str]:
    """The variables that are the same for all learners."""
    given = environment.variables()
    protocol = protocol or given.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
    if protocol not in ("SASL_PLAINTEXT", "SASL_SSL"):
        raise ClassroomError(
            f"Learners log in with a password, which {protocol} has no place for; name the listener for them with "
            "--address, and its --protocol: SASL_SSL or SASL_PLAINTEXT."
        )
    if mechanism not in MECHANISMS:
        raise ClassroomError(f"{mechanism!r} isn't a mechanism for learners; expected {' or '.join(MECHANISMS)}.")
    kept = ("KAFKA_SSL_CAFILE", "KAFKA_SSL_CHECK_HOSTNAME") if protocol == "SASL_SSL" else ()
    return {
        environment.BOOTSTRAP: address or environment.bootstrap_servers(),
        "KAFKA_SECURITY_PROTOCOL": protocol,
        "KAFKA_SASL_MECHANISM": mechanism,
        **{name: given[name] for name in kept if name in given},
    }


def _checked(names: Sequence[str]) -> Sequence[str]:
    for name in names:
        if not _NAME.fullmatch(name):
            raise ClassroomError(
                f"{name!r} can't be a learner's name: use up to 40 letters A to Z, digits, '.' and '_' (a hyphen ends the "
                "prefix of what a learner makes)."
            )
    if not names:
        raise ClassroomError("No name was given; name each learner.")
    folded = [name.lower() for name in names]  # a file system may not tell them apart
    if twice := next((name for name in names if folded.count(name.lower()) > 1), None):
        raise ClassroomError(f"{twice!r} is named twice; give each learner a name of their own.")
    return names


def _refuse_no_way(entry: Entry) -> None:
    """Where the learners' listener isn't one for them, nobody is added."""
    for address in entry.variables[environment.BOOTSTRAP].split(","):
        if finding := probe_address(address, environment.config_of(entry.variables)):
            raise ClassroomError(f"Learners couldn't get in, so nobody was added: {finding}")


def _refuse_foreign(admin: Any, name: str, path: Path) -> None:
    """Nobody else's user gets a new password, and nobody else's topics a new owner."""
    if path.exists():
        return
    known = admin.describe_user_scram_credentials([name])[name]["credential_infos"]
    if known or name == environment.variables().get("KAFKA_SASL_USERNAME"):
        raise ClassroomError(
            f"The cluster has a user {name!r} already, and there's no {path.name} in the folder; choose another name, or "
            f"run `learnkafka class remove {name}` first if it was in a class. Nobody was added."
        )
    prefix = prefix_of(name)
    there = [*admin.list_topics(), *(group["group_id"] for group in admin.list_groups())]
    if found := next((one for one in sorted(there) if one.startswith(prefix)), None):
        raise ClassroomError(
            f"The cluster has {found!r} already, which would be {name}'s; choose another name. Nobody was added."
        )


def _groups(admin: Any, prefix: str) -> list[str]:
    return [group["group_id"] for group in admin.list_groups() if group["group_id"].startswith(prefix)]


def _set_passwords(admin: Any, passwords: dict[str, str], mechanism: str) -> None:
    from kafka.admin import UserScramCredentialUpsertion

    _alter(admin, [UserScramCredentialUpsertion(name, mechanism, one) for name, one in passwords.items()])


def _delete_user(admin: Any, name: str) -> None:
    from kafka.admin import UserScramCredentialDeletion

    known = admin.describe_user_scram_credentials([name])[name]["credential_infos"]
    _alter(admin, [UserScramCredentialDeletion(name, one["mechanism"]) for one in known])


def _alter(admin: Any, alterations: list[Any]) -> None:
    if not alterations:
        return
    for name, refusal in admin.alter_user_scram_credentials(alterations).items():
        if refusal:
            raise ClassroomError(
                f"The cluster refused to change the user {name} ({refusal}); connect as one of its super users."
            )
