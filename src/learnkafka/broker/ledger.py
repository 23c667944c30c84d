"""What the course made on a cluster that others use too: written down, so that it deletes that and nothing else.

One file for each connection, in the user's state directory, named after its owner. A connection whose owner died
without deleting leaves its file, and the next one to the same cluster does it. What two connections of one user have
both named (two lessons are open, say) goes with the last of them. Who reads the others' files, and who changes its own,
does so under the `ledgers_lock()`.
"""

from __future__ import annotations

import json
import platform
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import platformdirs

from learnkafka.errors import BrokerError
from learnkafka.files import locked, write_whole
from learnkafka.owner import owner_is_alive, owner_tag

_A_DAY = 24 * 3600


@dataclass
class Ledger:
    """The names that were given out for topics and groups, and that weren't there before."""

    cluster: str  # the cluster's id
    names: list[str] = field(default_factory=list)
    host: str = field(default_factory=platform.node)
    path: Path = field(default_factory=lambda: _own_path())

    def save(self) -> None:
        """Write it under its name at once, whole."""
        write_whole(self.path, json.dumps(asdict(self) | {"path": None}))

    def discard(self) -> None:
        """Everything in it has been deleted."""
        self.path.unlink(missing_ok=True)

    def take_over(self) -> bool:
        """Become the owner, so that nobody clears up beside us; False where somebody has cleared up already."""
        mine = _own_path()
        try:
            self.path.rename(mine)
        except FileNotFoundError:
            return False
        self.path = mine
        return True

    def is_orphaned(self) -> bool:
        """Whether its owner is gone.

        A home directory may be shared by machines, where a process id of another says nothing: such a file counts as
        orphaned after a day without a change.
        """
        if self.host == platform.node():
            return not owner_is_alive(self.path.name)
        return time.time() - self.path.stat().st_mtime > _A_DAY


@contextmanager
def ledgers_lock() -> Iterator[None]:
    """Nobody else of this user reads or changes ledgers meanwhile; raises BrokerError where none can be written."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(ledgers_directory() / ".lock"))
        except OSError as error:
            raise BrokerError(
                f"What the course makes on a shared cluster is written down in {ledgers_directory()}, and nothing can be "
                f"written there ({error.strerror}); make it writable."
            ) from error
        yield


def ledgers_directory() -> Path:
    """Where the ledgers lie."""
    return platformdirs.user_state_path("learnkafka") / "made-on-clusters"


def _own_path() -> Path:
    return ledgers_directory() / f"{owner_tag()}-{secrets.token_hex(3)}.json"


def read_ledger(path: Path) -> Ledger | None:
    """The ledger in the file; None where there is none, or something else."""
    try:
        return Ledger(**(json.loads(path.read_text(encoding="utf-8")) | {"path": path}))
    except (ValueError, TypeError, OSError):
        return None


def ledgers(cluster: str) -> list[Ledger]:
    """All that this user has for the cluster."""
    found = [read_ledger(path) for path in ledgers_directory().glob("*.json")]
    return [ledger for ledger in found if ledger and ledger.cluster == cluster]
