"""`REDIS_URL`, and why what it names can't be used: each cause has its own sentence and its own remedy."""

from __future__ import annotations

import os
import re
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from learnkafka.broker.finding import Finding
from learnkafka.errors import ServiceError

if TYPE_CHECKING:
    import redis

REDIS_URL = "REDIS_URL"
EXPECTED = '"redis://:password@host:6379/0", or "redis://localhost:6379/0" where there is no password'
SECONDS = 5.0


def redis_url() -> str:
    """The address in `REDIS_URL`, checked for its form."""
    url = os.environ.get(REDIS_URL, "").strip()
    if not url:
        raise ServiceError(
            f'No Redis is named: set {REDIS_URL} to its address, like "redis://localhost:6379/0", or unset LEARNKAFKA_REDIS.'
        )
    try:
        parts = urlsplit(url)
        fits = (parts.scheme in ("redis", "rediss") and parts.hostname and parts.port != 0) or (
            parts.scheme == "unix" and parts.path
        )
    except ValueError:  # a port that is none
        fits = False
    if not fits or (parts.scheme != "unix" and not re.fullmatch(r"(/\d*)?", parts.path)):
        shown = "" if "@" in url else f" ({url!r})"  # there may be a password in it
        raise ServiceError(
            f"What {REDIS_URL} says{shown} is not the address of a Redis; set it to one like {EXPECTED}."
        )
    return url


def shown_address(url: str) -> str:
    """Host and port of the address, or its socket: what a person may see."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return unquote(parts.path)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or 6379}"


def quick_client(url: str, seconds: float = SECONDS) -> redis.Redis:
    """A client that tries each thing once, and waits for no answer longer than this."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        return redis.Redis.from_url(
            url, socket_connect_timeout=seconds, socket_timeout=seconds, retry=Retry(NoBackoff(), 0)
        )
    except (ValueError, TypeError) as error:
        raise ServiceError(str(_not_understood(error))) from error


def probe(url: str, key: str) -> Finding | None:
    """What keeps a client from keeping something under this key for a moment; None when nothing does."""
    import redis

    with quick_client(url) as client:
        try:
            client.set(key, "ready", ex=10)
            client.delete(key)
        except (redis.RedisError, OSError, TypeError) as error:
            return _finding(error, url)
    return None


def _not_understood(error: Exception) -> Finding:
    reason = str(error).rstrip(".")
    return Finding(f"redis-py can't use what {REDIS_URL} says ({reason})", f"set it to an address like {EXPECTED}.")


def _finding(error: Exception, url: str) -> Finding:
    import redis

    if isinstance(error, TypeError):  # from a connection, which is made with what stands behind the address's "?"
        return _not_understood(error)

    address = shown_address(url)
    causes = _causes(error)
    if isinstance(error, redis.exceptions.NoPermissionError):
        return Finding(
            f"The Redis at {address} doesn't allow what the course needs ({error})",
            "ask who runs it for the right to write keys under your prefix.",
        )
    if isinstance(error, redis.exceptions.AuthenticationError) or str(error).startswith("NOAUTH"):
        said = "refuses the login" if urlsplit(url).password else "asks for a password, but none was given"
        return Finding(
            f"The Redis at {address} {said}",
            f"set {REDIS_URL} with the right one, as in redis://:password@host:6379/0 or redis://user:password@host:6379/0.",
        )
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Finding(
            f"The name {urlsplit(url).hostname!r} is not resolved",
            f"check its spelling in {REDIS_URL}, and your network or VPN.",
        )
    if any(isinstance(cause, ConnectionRefusedError | FileNotFoundError) for cause in causes):
        return Finding(
            f"Nothing listens at {address}", f"check the address in {REDIS_URL}, and that the Redis there runs."
        )
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        reason = next(cause for cause in causes if isinstance(cause, ssl.SSLError))
        return Finding(
            f"TLS with {address} doesn't succeed ({reason.reason or reason})",
            f"use rediss:// in {REDIS_URL} only where the Redis speaks TLS, and name its authority with ?ssl_ca_certs=FILE.",
        )
    if isinstance(error, redis.exceptions.ResponseError):
        return Finding(
            f"The Redis at {address} refuses to keep a key ({error})", "ask who runs it, or unset REDIS_URL."
        )
    if isinstance(error, redis.TimeoutError):
        remedy = "check your network, VPN or firewall, and that a Redis is meant."
        if urlsplit(url).scheme == "rediss":
            remedy = f"begin {REDIS_URL} with redis:// where it speaks no TLS; otherwise {remedy}"
        return Finding(f"{address} doesn't answer within {SECONDS:.0f} s", remedy)
    return Finding(
        f"{address} doesn't answer as a Redis does ({type(error).__name__})",
        f"check the address in {REDIS_URL}; where it speaks TLS, begin it with rediss://.",
    )


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or one.__context__
    return found
