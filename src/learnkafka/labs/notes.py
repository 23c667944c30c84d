"""Notes in a real Redis, as checks look at them: through clients that can die, and let another member in between two commands."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from learnkafka.broker.environment import patience
from learnkafka.errors import ServiceError
from learnkafka.labs.calling import LearnerError
from learnkafka.labs.exercise import Exercise
from learnkafka.labs.showing import said, shown
from learnkafka.labs.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.purchases import Purchase

DAY = 24 * 60 * 60  # in seconds
A_LITTLE = 120  # seconds that a check may take until it looks
_ANSWER_SECONDS = 5.0
_TWO_HOURS = 2 * 60 * 60


class PowerCut(BaseException):
    """Ends the learner's function as a killed process ends: not an Exception, which it may catch."""


class Member:
    """One process of a service, as far as Redis can tell: a client, until it is dead.

    `meanwhile` is called once, when the first command was answered: what another member does in that moment.
    """

    def __init__(self, notes: Notes, meanwhile: Callable[[], object] | None = None) -> None:
        self._notes = notes
        self._meanwhile = meanwhile
        self.is_dead = False
        self.endless: list[str] = []
        """Keys that some command left without an end; those that got one by a later command, too."""
        self.client = _watched_client(notes.url, self)

    def die(self) -> None:
        """From here on nothing of it reaches Redis, also from a `finally`."""
        self.is_dead = True
        raise PowerCut("the process was killed")

    def before(self) -> None:
        """A command is about to be sent."""
        if self.is_dead:
            raise PowerCut("the process was killed")

    def after(self) -> None:
        """A command was answered."""
        self.endless += [key for key in self._notes.keys() if self._notes.life(key) is None]  # noqa: SIM118
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile:
            meanwhile()


class Notes:
    """The keys of one check, below a beginning of their own; deleted in the end."""

    def __init__(self, scene: Scene) -> None:
        from learnkafka.services import start_redis

        server = start_redis()
        self.url = server.url
        self.beginning = server.name(f"check-{scene.random.getrandbits(32):08x}:notification:invoices:")
        self._redis = _client(self.url)
        self._clients = [self._redis]

    def __enter__(self) -> Self:
        self._redis.ping()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        import redis

        with suppress(redis.RedisError, OSError):
            for key in self.keys():
                self._redis.delete(key)
        for client in self._clients:
            client.close()

    def member(self, meanwhile: Callable[[], object] | None = None) -> Member:
        """Another process."""
        member = Member(self, meanwhile)
        self._clients.append(member.client)
        return member

    def key(self, order: Purchase) -> str:
        """The order's key."""
        return f"{self.beginning}{order['order_id']}"

    def keys(self) -> list[str]:
        """Those that are there, in order."""
        return sorted(key.decode(errors="replace") for key in self._redis.scan_iter(f"{self.beginning}*", count=1000))

    def life(self, key: str) -> int | None:
        """The seconds that a key has left, 0 where it is gone; None where it has no end."""
        left = self._redis.ttl(key)
        return None if left == -1 else max(left, 0)

    def value(self, key: str) -> Any:
        """As bytes; None where there is no key."""
        if self._redis.type(key) not in (b"string", b"none"):
            return b"(not a text)"
        return self._redis.get(key)

    def expire(self, key: str) -> None:
        """Let its time be up."""
        self._redis.delete(key)

    def expire_all(self) -> None:
        """Let the time of all be up."""
        for key in self.keys():
            self.expire(key)

    def age(self, key: str) -> int:
        """Take two hours from its time; the seconds that are left."""
        life = max((self.life(key) or 0) - _TWO_HOURS, 1)
        self._redis.expire(key, life)
        return life

    def shown(self, key: str) -> str:
        """A note, as a person can read it."""
        value = self.value(key)
        if value is None:
            return "no note"
        life = self.life(key)
        return f"the note {shown(value.decode(errors='replace'))}, {'without an end' if life is None else f'for {life:,} seconds'}"

    def lives_a_day(self, key: str) -> bool:
        """Whether it was given a day."""
        life = self.life(key)
        return life is not None and DAY - A_LITTLE <= life <= DAY


class WithNotes(Exercise):
    """An exercise whose check needs Redis; it says so when that doesn't answer."""

    def check(self, scene: Scene, attempt: Any) -> Verdict:
        """Judge it, and tell a Redis that is gone from code that is wrong."""
        import redis

        lost = (redis.ConnectionError, redis.TimeoutError)
        try:
            with Notes(scene) as notes:
                try:
                    return self.judge(scene, notes, attempt)
                except LearnerError as raised:
                    if isinstance(raised.error, lost):
                        notes.keys()  # raises when the cause is Redis
                    raise
        except ServiceError as error:
            return Verdict(Outcome.REDIS_UNREACHABLE, str(error))
        except lost as error:
            return Verdict(
                Outcome.REDIS_UNREACHABLE,
                f"Redis doesn't answer ({said(error).split(':')[0]}); run the cell that starts it again, and then check again.",
            )

    @abstractmethod
    def judge(self, scene: Scene, notes: Notes, attempt: Callable[..., Any]) -> Verdict:
        """What is to be said of it."""


def _client(url: str) -> Any:
    from redis import Redis

    return Redis.from_url(url, **_quick())


def _quick() -> dict[str, Any]:
    # Without a retry: one would find the note that its first try has left, and take it for another's.
    seconds = _ANSWER_SECONDS * patience()
    return {"socket_timeout": seconds, "socket_connect_timeout": seconds, "retry": None}


def _watched_client(url: str, member: Member) -> Any:
    from redis import Redis

    class Watched(Redis):
        def execute_command(self, *command: Any, **options: Any) -> Any:
            member.before()
            answer = super().execute_command(*command, **options)  # type: ignore[no-untyped-call]
            member.after()
            return answer

        def pipeline(self, *arguments: Any, **settings: Any) -> Any:
            made = super().pipeline(*arguments, **settings)
            execute = made.execute

            def watched(*given: Any, **more: Any) -> Any:
                member.before()
                answer = execute(*given, **more)
                member.after()
                return answer

            made.execute = watched  # type: ignore[method-assign]
            return made

    return Watched.from_url(url, **_quick())
