"""What is pinned, how, and that the ways to install it agree."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

COURSE = Path(__file__).parents[1]
LOCKS = ["requirements.txt", "requirements-test.txt", "requirements-uv.txt"]
PROJECT = tomllib.loads((COURSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pinned(lock: str) -> dict[str, str]:
    """Package → version, as the lock file has them; the first of several for different machines."""
    text = (COURSE / lock).read_text(encoding="utf-8")
    return {match[1]: match[2] for match in re.finditer(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", text, re.MULTILINE)}


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_files_pin_name_version_and_hash_without_addresses(lock: str) -> None:
    """Every line is a package with its version, or one of its hashes; no address of a server."""
    lines = (COURSE / lock).read_text(encoding="utf-8").splitlines()
    package = re.compile(r"[A-Za-z0-9._-]+==[^ ;\\]+( ; [^\\]+)? \\")
    digest = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lines if not package.fullmatch(line) and not digest.fullmatch(line)] == []
    assert pinned(lock)


def test_a_learner_installs_what_the_package_needs_and_no_test_tools() -> None:
    """requirements.txt satisfies pyproject.toml's dependencies; the test tools are only in requirements-test.txt."""
    learner, tester = pinned("requirements.txt"), pinned("requirements-test.txt")
    for dependency in map(Requirement, PROJECT["dependencies"]):
        assert dependency.specifier.contains(learner[dependency.name.lower()]), dependency
    extras = PROJECT["optional-dependencies"]
    tools = [one for one in map(Requirement, extras["test"] + extras["validate"]) if one.name != PROJECT["name"]]
    for tool in tools:
        assert tool.specifier.contains(tester[tool.name.lower()]), tool
    assert not {"pytest", "nbval", "mypy", "ruff", "playwright"} & set(learner)


def test_both_lock_files_agree() -> None:
    """What a learner has is what the tests ran with."""
    learner, tester = pinned("requirements.txt"), pinned("requirements-test.txt")
    assert {name: tester[name] for name in learner} == learner


def test_conda_users_get_the_same_packages() -> None:
    """environment.yml has a Python that the package takes, and the same lock file."""
    environment = yaml.safe_load((COURSE / "environment.yml").read_text(encoding="utf-8"))
    python, _, pip = environment["dependencies"]
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python.removeprefix("python="))
    assert pip == {"pip": ["--requirement requirements.txt"]}


def test_nothing_of_a_machine_is_in_the_repository() -> None:
    """No file that git knows names a home directory or a package registry's host."""
    names = subprocess.run(["git", "ls-files"], cwd=COURSE, capture_output=True, text=True, check=True).stdout.split()
    registries = re.compile(
        r"(pypi|npmjs|pythonhosted|debian)\.(org|com)|maven\.org|docker\.com|repo1\.|/root/\w|/home/[a-z]+/"
    )
    for name in names:
        path = COURSE / name
        if path == Path(__file__) or path.suffix == ".png" or not path.exists():
            continue
        assert not registries.search(path.read_text(encoding="utf-8")), name
