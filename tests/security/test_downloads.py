"""What is downloaded runs only if it is what the repository says."""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jgo.maven
import pytest

from learnkafka.broker.distribution import (
    KAFKA_VERSION,
    Jar,
    class_path,
    fetch_jars,
    jars_directory,
    locked_jars,
    unfit_jars,
)
from learnkafka.errors import BrokerError

COURSE = Path(__file__).parents[2]
Serve = Callable[[bytes], list[str]]


@pytest.fixture
def wanted(own_cache: Path, real_jars: Path) -> Jar:
    """A jar that is missing from a cache that has all others."""
    jar = min(locked_jars(), key=lambda one: one.size)
    shutil.copytree(real_jars, own_cache / f"kafka-{KAFKA_VERSION}", ignore=lambda *_: [jar.file_name])
    return jar


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """`serve(content)`: a repository on this machine that gives this for every jar, with a checksum that fits it; the paths it was asked for."""
    content: list[bytes] = []
    asked: list[str] = []

    class Repository(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            # It vouches for what it sends: only our own list can tell.
            digest = {"sha1": hashlib.sha1, "md5": hashlib.md5, "sha256": hashlib.sha256}.get(
                self.path.rpartition(".")[2]
            )
            answer = digest(content[0]).hexdigest().encode() if digest else content[0]
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Repository) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = {"central": f"http://127.0.0.1:{server.server_port}"}
        monkeypatch.setattr(jgo.maven, "MavenContext", partial(jgo.maven.MavenContext, remote_repos=here))
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)

        def begin(given: bytes) -> list[str]:
            content[:] = [given]
            return asked

        yield begin
        server.shutdown()


def changed(right: bytes, how: str) -> bytes:
    if how == "one bit":
        return right[:100] + bytes([right[100] ^ 1]) + right[101:]
    if how == "cut short":
        return right[: len(right) // 2]
    if how == "longer":
        return right + b"\0"
    return bytes(reversed(right))  # another file of the same length


@pytest.mark.parametrize("how", ["one bit", "cut short", "longer", "another"])
def test_a_wrong_jar_from_the_network_never_runs(wanted: Jar, real_jars: Path, serve: Serve, how: str) -> None:
    """It came over HTTP with a checksum of its own; it isn't installed, nothing is left of it, and no broker starts."""
    asked = serve(changed((real_jars / wanted.file_name).read_bytes(), how))
    with pytest.raises(
        BrokerError, match=rf"{wanted.file_name} arrived damaged .its SHA-256 isn't the one in jars\.lock"
    ):
        fetch_jars()
    assert any(path.endswith(f"/{wanted.file_name}") for path in asked)
    assert not (jars_directory() / wanted.file_name).exists()
    assert list((jars_directory().parent / "staging").iterdir()) == []
    with pytest.raises(BrokerError, match="are missing or damaged"):
        class_path()


def test_the_right_jar_from_anywhere_is_good(wanted: Jar, real_jars: Path, serve: Serve) -> None:
    """The check itself: the same way, and the right bytes."""
    serve((real_jars / wanted.file_name).read_bytes())
    assert fetch_jars() == 1
    assert unfit_jars() == []


def test_python_packages_are_installed_by_their_hashes() -> None:
    """Whatever in the repository installs from a lock file does it with --require-hashes; the package itself brings nothing along."""
    for name in ("Makefile", "README.md", "docs/ci.md", ".github/workflows/course.yml"):
        text = (COURSE / name).read_text(encoding="utf-8")
        for line in re.findall(r"(?:pip install|\(UV\)).* (?:-r|--requirement) .*", text):
            assert "--require-hashes" in line, f"{name}: {line}"
    assert (COURSE / "Makefile").read_text(encoding="utf-8").count("--require-hashes -r") == 3
    for name in ("Makefile", "README.md"):
        text = (COURSE / name).read_text(encoding="utf-8")
        assert all("--no-deps" in line for line in re.findall(r".*install.* (?:-e|--editable) \..*", text))


def test_conda_installs_from_a_file_in_which_all_have_hashes() -> None:
    """pip asks for hashes by itself where the file has any, so none may be without."""
    text = (COURSE / "requirements.txt").read_text(encoding="utf-8")
    assert all("--hash=sha256:" in one for one in re.split(r"\n(?=\S)", text.strip()))
