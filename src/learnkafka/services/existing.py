"""A Redis that exists already: used under the learner's prefix, and left as it was found."""

from __future__ import annotations

import atexit
import os
import time
from urllib.parse import urlsplit

from learnkafka.broker.ledger import Ledger, ledgers
from learnkafka.broker.names import learner_prefix
from learnkafka.errors import ServiceError
from learnkafka.services.address import probe, quick_client, redis_url, shown_address

LEAVE_SECONDS = 4.0  # JupyterLab kills a kernel that takes longer than 5 to end
STOP_SECONDS = 20.0
BATCH = 500


def key_prefix() -> str:
    """What this learner's keys begin with: `learnkafka:ada:`.

    No learner's name has a colon in it, so that none of these is the beginning of another, nor what Redis takes for a
    wildcard; and what else there is on
    this Redis hardly begins with the course's name.
    """
    return f"learnkafka:{learner_prefix().removesuffix('-')}:"


class ExistingRedis:
    """The Redis at `REDIS_URL`."""

    kind = "existing"

    def __init__(self) -> None:
        self.url = redis_url()
        self.prefix = key_prefix()
        if finding := probe(self.url, self.prefix + "ready"):
            raise ServiceError(f"The Redis that exists already can't be used: {finding}")
        before = self._others()
        if before and all(one.is_orphaned() for one in before):  # kernels that were killed could delete nothing
            delete_keys(self.url, self.prefix, STOP_SECONDS)
            for one in before:
                one.discard()
        self._ledger = Ledger(self._used, [self.prefix])
        self._ledger.save()
        self._owner = os.getpid()
        atexit.register(self._leave)

    @property
    def _used(self) -> str:
        return f"redis {shown_address(self.url)}{urlsplit(self.url).path} {self.prefix}"

    def _others(self) -> list[Ledger]:
        mine = getattr(self, "_ledger", None)
        return [one for one in ledgers(self._used) if mine is None or one.path != mine.path]

    def is_alive(self) -> bool:
        return True  # only asking it would tell, and that may take long

    def stop(self) -> None:
        """Delete the keys under the learner's prefix, unless another of this learner's kernels uses them."""
        import redis

        atexit.unregister(self._leave)
        try:
            self._give_up(STOP_SECONDS)
        except (redis.RedisError, OSError) as error:
            raise ServiceError(
                f"The Redis at {shown_address(self.url)} didn't delete this learner's keys ({type(error).__name__}); "
                "the next start_redis() tries again."
            ) from error

    def _leave(self) -> None:
        import redis

        if os.getpid() != self._owner:
            return  # a forked child is not the owner
        try:
            self._give_up(LEAVE_SECONDS)
        except (redis.RedisError, OSError):
            return  # the next start deletes them

    def _give_up(self, seconds: float) -> None:
        others = self._others()
        if all(one.is_orphaned() for one in others):
            delete_keys(self.url, self.prefix, seconds)
            for one in others:
                one.discard()
        self._ledger.discard()


def delete_keys(url: str, prefix: str, seconds: float) -> None:
    """Delete what begins with the prefix, and nothing else; raises redis-py's TimeoutError when that takes longer."""
    import redis

    deadline = time.monotonic() + seconds
    with quick_client(url, seconds / 2) as client:
        cursor = 0
        while True:
            cursor, keys = client.scan(cursor, match=prefix + "*", count=BATCH)
            if keys:
                client.delete(*keys)
            if cursor == 0:
                return
            if time.monotonic() > deadline:
                raise redis.TimeoutError(f"not within {seconds} s")
