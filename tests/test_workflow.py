""".github/workflows/course.yml, as far as it can be checked without running it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from typer.main import get_command

from learnkafka.broker.start import KINDS
from learnkafka.cli import app

COURSE = Path(__file__).parents[1]
PLACE = COURSE / ".github/workflows/course.yml"
TEXT = PLACE.read_text(encoding="utf-8")
WORKFLOW = yaml.safe_load(TEXT)
JOBS: dict[str, Any] = WORKFLOW["jobs"]
PROJECT = tomllib.loads((COURSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def steps() -> list[dict[str, Any]]:
    return [step for job in JOBS.values() for step in job["steps"]]


def commands() -> list[list[str]]:
    lines = [line for step in steps() for line in str(step.get("run", "")).splitlines()]
    return [shlex.split(line) for line in lines if line.strip()]


def test_every_python_that_the_package_takes_and_no_other() -> None:
    """Of the minor versions that there are, just those in requires-python; the Makefile looks for the same."""
    takes = SpecifierSet(PROJECT["requires-python"])
    wanted = [f"3.{minor}" for minor in range(8, 20) if takes.contains(f"3.{minor}.0")]
    assert JOBS["validate"]["strategy"]["matrix"]["python"] == wanted
    assert JOBS["checks"]["steps"][1]["with"]["python-version"] in wanted
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in (COURSE / "Makefile").read_text(encoding="utf-8")


def test_linux_on_both_kinds_and_macos_on_the_embedded_one() -> None:
    """What the matrix comes to."""
    matrix = JOBS["validate"]["strategy"]["matrix"]
    left_out = {(one["os"], one["kind"]) for one in matrix["exclude"]}
    pairs = {(system, kind) for system in matrix["os"] for kind in matrix["kind"]} - left_out
    assert {(system.split("-")[0], kind) for system, kind in pairs} == {
        ("ubuntu", "embedded"),
        ("ubuntu", "container"),
        ("macos", "embedded"),
    }
    assert set(matrix["kind"]) < set(KINDS)


def test_every_command_is_there() -> None:
    """Targets of make, commands of learnkafka with their options, and the pinned tools."""
    targets = set(re.findall(r"^([a-z-]+):", (COURSE / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    ours = get_command(app).commands  # type: ignore[attr-defined]
    tools = {Requirement(one).name for one in PROJECT["optional-dependencies"]["test"]}
    seen = set()
    for program, *arguments in commands():
        seen.add(name := program.rpartition("/")[2])
        if name == "make":
            assert arguments[0] in targets
        elif name == "learnkafka":
            options = {option for one in ours[arguments[0]].params for option in (*one.opts, *one.secondary_opts)}
            assert {one for one in arguments if one.startswith("--")} <= options
            assert all((COURSE / one).is_dir() for one in arguments[1:] if re.fullmatch(r"[a-z]+", one))
        elif name in ("ruff", "mypy", "lint-imports"):
            assert {"lint-imports": "import-linter"}.get(name, name) in tools
        else:
            assert name in (".", "uv", "go")
    assert {"make", "learnkafka", "uv", "go"} <= seen


def test_make_knows_its_phony_targets() -> None:
    """make says nothing and succeeds where a target is declared and has no recipe."""
    makefile = (COURSE / "Makefile").read_text(encoding="utf-8")
    declared = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert declared
    assert [one for one in declared[1].split() if not re.search(rf"^{one}:", makefile, re.MULTILINE)] == []


def test_pip_audit_looks_at_all_that_is_installed() -> None:
    """Both lock files for users are in the tests' (tests/test_packaging.py); each that is named is there."""
    [audit] = [one for one in commands() if any(part.startswith("pip-audit==") for part in one)]
    named = [audit[place + 1] for place, part in enumerate(audit) if part == "--requirement"]
    assert set(named) == {"requirements-test.txt", "requirements-uv.txt"}
    assert all((COURSE / one).exists() for one in named)


def test_it_may_do_little_and_not_for_ever() -> None:
    """It reads the repository and nothing else, ends by itself, and an older run makes way."""
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is True
    assert all(0 < job["timeout-minutes"] <= 60 and "permissions" not in job for job in JOBS.values())
    assert "pull_request_target" not in TEXT
    assert "secrets." not in TEXT
    # No value of an event or a matrix is put into a shell's text.
    assert not [step for step in steps() if "${{" in str(step.get("run", ""))]


def test_actions_are_pinned_by_commit_and_say_their_tag() -> None:
    """In the workflow and in what docs/ci.md gives, and the same in both."""
    pinned = re.compile(r"uses: (actions/[a-z-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$", re.MULTILINE)
    guide = (COURSE / "docs/ci.md").read_text(encoding="utf-8")
    for text in (TEXT, guide):
        assert len(pinned.findall(text)) == len(re.findall(r"\buses:", text)) > 0
    assert set(pinned.findall(guide)) <= set(pinned.findall(TEXT))
    checkouts = [step for step in steps() if "checkout" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_the_cache_is_keyed_by_the_list_of_jars() -> None:
    """And holds the jars only, which are checked before they run."""
    [cache] = [step for step in steps() if "actions/cache" in step.get("uses", "")]
    assert "hashFiles('src/learnkafka/broker/jars.lock')" in cache["with"]["key"]
    assert (COURSE / "src/learnkafka/broker/jars.lock").exists()
    assert all(one.endswith("/learnkafka/kafka-*") for one in cache["with"]["path"].split())


def test_it_says_that_it_has_not_run() -> None:
    """Plainly, there and in the guide; take this away with the sentences when it has."""
    assert "THIS WORKFLOW HASN'T RUN YET" in TEXT
    assert "It hasn't run yet" in (COURSE / "docs/ci.md").read_text(encoding="utf-8")


def test_the_guides_example_is_a_workflow() -> None:
    """YAML with steps; and where actionlint is on the path, it finds nothing in either."""
    guide = (COURSE / "docs/ci.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    assert yaml.safe_load(example)["jobs"]["validate"]["steps"]
    if actionlint := shutil.which("actionlint"):
        for text in (TEXT, example):
            done = subprocess.run([actionlint, "-"], input=text, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout
