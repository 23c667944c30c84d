"""REDIS_URL that can't be used: one sentence with what happened and what to do, and never the password."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import redis

from learnkafka import start_redis
from learnkafka.errors import ServiceError


def sentence(pattern: str) -> str:
    """The error as the one sentence it should be."""
    with pytest.raises(ServiceError, match=pattern) as refused:
        start_redis()
    text = str(refused.value)
    assert "\n" not in text
    assert "; " in text
    assert text.endswith(".")
    return text


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "http://localhost:6379",
        "redis://",
        "redis://localhost:0",
        "redis://localhost:99999",
        "redis://localhost:redis",
        "redis://localhost/first",
        "redis://:secret@localhost:6379:1/0",
        "unix://",
        "two words",
    ],
)
def test_address_that_is_none(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """The form that it has."""
    monkeypatch.setenv("REDIS_URL", url)
    text = sentence(r'What REDIS_URL says.*is not the address of a Redis; .*"redis://localhost:6379/0"')
    assert "secret" not in text


@pytest.mark.parametrize("option", ["socket_timeout=soon", "magic=1"])
def test_option_that_is_none(monkeypatch: pytest.MonkeyPatch, elsewhere: str, option: str) -> None:
    """What stands behind the address's question mark."""
    monkeypatch.setenv("REDIS_URL", f"{elsewhere}?{option}")
    sentence(rf"redis-py can't use what REDIS_URL says \(.*{option.partition('=')[0]}.*\); set it")


def test_no_address_at_all() -> None:
    """An existing one without a name: which variable to set."""
    with pytest.raises(ServiceError, match="No Redis is named: set REDIS_URL"):
        start_redis("existing")


@pytest.mark.parametrize("kind", ["nonsense", "embedded"])
def test_kind_that_is_none(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """The four that there are, in the argument and in the variable."""
    expected = f"no kind of Redis '{kind}'; expected one of 'existing', 'server', 'wheel', 'container'"
    with pytest.raises(ServiceError, match=expected):
        start_redis(kind)
    monkeypatch.setenv("LEARNKAFKA_REDIS", kind)
    with pytest.raises(ServiceError, match=expected):
        start_redis()


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("redis://127.0.0.1:1/0", "Nothing listens at 127.0.0.1:1; check the address in REDIS_URL"),
        ("unix:///nowhere/redis.sock", "Nothing listens at /nowhere/redis.sock; check"),
        ("redis://redis.example.invalid", "'redis.example.invalid' is not resolved; check its spelling"),
    ],
)
def test_nobody_there(monkeypatch: pytest.MonkeyPatch, url: str, pattern: str) -> None:
    """A port, a socket or a host that there isn't."""
    monkeypatch.setenv("REDIS_URL", url)
    sentence(pattern)


def test_login_refused(monkeypatch: pytest.MonkeyPatch, elsewhere: str) -> None:
    """A wrong password, a wrong user, none at all."""
    password, address = elsewhere.removeprefix("redis://:").split("@")
    for login in (":guessed@", "bob:guessed@", f"bob:{password}@"):
        monkeypatch.setenv("REDIS_URL", f"redis://{login}{address}")
        text = sentence("refuses the login; set REDIS_URL with the right one")
        assert "guessed" not in text
        assert password not in text
    monkeypatch.setenv("REDIS_URL", f"redis://{address}")
    sentence("asks for a password, but none was given; set REDIS_URL")


def test_what_it_does_not_allow(monkeypatch: pytest.MonkeyPatch, elsewhere: str) -> None:
    """A database that there isn't, no right to the keys, no room, a replica."""
    monkeypatch.setenv("REDIS_URL", elsewhere[:-1] + "99")
    sentence(r"refuses to keep a key \(DB index is out of range\)")
    with redis.Redis.from_url(elsewhere) as owner:
        owner.execute_command("ACL SETUSER bob on >pw ~learnkafka:bob:* +@all")
        monkeypatch.setenv("REDIS_URL", f"redis://bob:pw@{elsewhere.split('@')[1]}")
        monkeypatch.setenv("LEARNKAFKA_PREFIX", "ada-")
        sentence("doesn't allow what the course needs.*; ask who runs it")
        monkeypatch.setenv("LEARNKAFKA_PREFIX", "bob-")
        with start_redis() as allowed:
            assert allowed.prefix == "learnkafka:bob:"
        monkeypatch.setenv("REDIS_URL", elsewhere)
        owner.config_set("maxmemory", 1)
        sentence("refuses to keep a key .*maxmemory")
        owner.config_set("maxmemory", 0)
        owner.replicaof("localhost", "1")
        sentence("refuses to keep a key .*read only replica")


@pytest.fixture(params=["says nothing", "says something else", "hangs up"])
def impostor(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """Something that listens and is no Redis."""
    server = socket.create_server(("127.0.0.1", 0))
    kept = []

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            if request.param == "says something else":
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            kept.append(client)
            if request.param == "hangs up":
                client.close()

    threading.Thread(target=serve, daemon=True).start()
    yield f"redis://127.0.0.1:{server.getsockname()[1]}", request.param
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    for client in kept:
        client.close()


def test_something_else_listens(monkeypatch: pytest.MonkeyPatch, impostor: tuple[str, str]) -> None:
    """After at most five seconds."""
    url, manner = impostor
    monkeypatch.setenv("REDIS_URL", url)
    monkeypatch.setattr("learnkafka.services.address.SECONDS", 5.0)
    sentence("doesn't answer within 5 s" if manner == "says nothing" else "doesn't answer as a Redis does")
