"""What a notebook holds in its hands: a Redis."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from learnkafka.errors import NameRefusedError


class RedisServer(Protocol):
    """What each kind of Redis can do; the handle says it in a learner's words."""

    @property
    def kind(self) -> str:
        """`existing`, `server`, `wheel` or `container`."""

    @property
    def url(self) -> str:
        """As redis-py takes it."""

    @property
    def prefix(self) -> str:
        """What this learner's keys begin with; empty where nobody else is."""

    def is_alive(self) -> bool:
        """Whether it still runs, as far as this machine can tell without asking it."""

    def stop(self) -> None:
        """End it, or, where it isn't ours to end, delete this learner's keys."""


class RedisService:
    """A Redis that is ready: where a lesson's own client connects, and the names of its keys there."""

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self._stopped = False

    def __repr__(self) -> str:
        # No address and no kind: notebooks print this, and compare what they print.
        state = "stopped" if self._stopped else "running" if self._server.is_alive() else "gone"
        return f"<Redis: {state}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where a client connects, for `redis.Redis.from_url`. It holds the password: don't print it in a lesson."""
        return self._server.url

    @property
    def kind(self) -> str:
        """Which one it is: "existing", "server", "wheel" or "container"."""
        return self._server.kind

    @property
    def is_running(self) -> bool:
        """Whether it can be asked, as far as this machine can tell without asking it."""
        return not self._stopped and self._server.is_alive()

    @property
    def prefix(self) -> str:
        """What all keys that `name()` gives begin with; empty where nobody else is."""
        return self._server.prefix

    def name(self, key: str) -> str:
        """A key under this learner's prefix; the key itself where nobody else is."""
        if not isinstance(key, str) or not key:
            raise NameRefusedError(f"A key is text, like 'notification:invoices:17'; {key!r} isn't.")
        return self.prefix + key

    def stop(self) -> None:
        """End it, with all that it holds; on one that others use too, delete the keys under this learner's prefix."""
        if not self._stopped:
            self._stopped = True
            self._server.stop()
