"""Adding learners to a cluster, and removing them with all that they made there."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import ACLFilter, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePatternFilter
from kafka.admin import ResourceType as Type
from kafka.protocol.admin import DescribeClientQuotasRequest
from typer.testing import CliRunner

from learnkafka.broker.environment import config_of
from learnkafka.broker.probe import probe
from learnkafka.classroom import Quota, add_learners, read_entry, remove_learners
from learnkafka.cli import app
from learnkafka.errors import ClassroomError

if TYPE_CHECKING:
    from benchmarks.classroom import ClassCluster

pytestmark = pytest.mark.usefixtures("teacher")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the files are; who is in it at the end is removed."""
    yield (folder := tmp_path / "a class")
    if left := [path.stem for path in folder.glob("*.env")]:
        remove_learners(left, folder)


def connect(file: Path) -> dict[str, Any]:
    """How kafka-python gets in with it."""
    variables = read_entry(file).variables
    return {"bootstrap_servers": variables["KAFKA_BOOTSTRAP_SERVERS"], **config_of(variables)}


def rights(owner: Any, user: str) -> list[str]:
    """What the user may do, as `TOPIC carol-: ALL`."""
    anything = ResourcePatternFilter(Type.ANY, None, ACLResourcePatternType.ANY)
    found, _ = owner.describe_acls(ACLFilter(f"User:{user}", None, ACLOperation.ANY, ACLPermissionType.ANY, anything))
    return sorted(
        f"{acl.resource_pattern.resource_type.name} {acl.resource_pattern.resource_name}: {acl.operation.name}"
        for acl in found
    )


def quota(owner: Any, user: str) -> dict[str, float]:
    """The user's, as the cluster has it."""
    Component = DescribeClientQuotasRequest.ComponentData  # noqa: N806 - a class
    request = DescribeClientQuotasRequest(
        components=[Component(entity_type="user", match_type=0, match=user)], strict=True
    )
    answer = owner._manager.run(owner._manager.send, request)
    return {value.key: value.value for entry in answer.entries for value in entry.values}


def is_user(owner: Any, name: str) -> bool:
    return bool(owner.describe_user_scram_credentials([name])[name]["credential_infos"])


def test_added(folder: Path, owner: Any) -> None:
    """A user each, with rights under the own prefix, a quota, and a file that only its owner can read."""
    files = add_learners(["carol", "dave_2"], folder, quota=Quota(1_000, 2_000, 30))
    assert [path.name for path in files] == ["carol.env", "dave_2.env"]
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        name = path.stem
        assert rights(owner, name) == [f"GROUP {name}-: ALL", f"TOPIC {name}-: ALL", f"TRANSACTIONAL_ID {name}-: ALL"]
        assert quota(owner, name) == Quota(1_000, 2_000, 30).settings()
        with KafkaAdminClient(**connect(path)) as admin:
            assert admin.list_topics() == []
    assert read_entry(files[0]).password != read_entry(files[1]).password


def test_a_shell_reads_the_file(folder: Path) -> None:
    """As `set -a; . carol.env` does."""
    (file,) = add_learners(["carol"], folder)
    said = subprocess.run(
        ["sh", "-c", f"set -a; . {shlex.quote(str(file))}; env"], capture_output=True, text=True, check=True, env={}
    ).stdout
    assert read_entry(file).variables.items() <= dict(line.split("=", 1) for line in said.splitlines()).items()


def test_added_again(folder: Path, owner: Any) -> None:
    """Who is in the folder keeps the password, and gets what is missing: a call that broke off can be made again."""
    (file,) = add_learners(["carol"], folder)
    before = file.read_text(encoding="utf-8")
    assert add_learners(["carol", "erin"], folder, quota=Quota(5, 6, 7)) == [file, folder / "erin.env"]
    assert file.read_text(encoding="utf-8") == before
    assert quota(owner, "carol") == Quota(5, 6, 7).settings()


def test_removed(folder: Path, owner: Any) -> None:
    """With the topics and groups, also those that a consumer is using; who has been in can do nothing any more."""
    carol, dave = add_learners(["carol", "dave"], folder)
    config = connect(carol)
    for file in (carol, dave):
        with KafkaAdminClient(**connect(file)) as admin:
            one = {"num_partitions": 1, "replication_factor": 3}
            admin.create_topics({f"{file.stem}-orders": one}, wait_for_metadata=True)
    consumer = KafkaConsumer("carol-orders", **config, group_id="carol-billing", max_poll_interval_ms=5_000)
    producer = KafkaProducer(**config, max_block_ms=10_000)
    try:
        producer.send("carol-orders", b"one").get(timeout=30)
        for _ in range(30):
            consumer.poll(1_000)
            if consumer.assignment():
                break
        assert consumer.assignment()
        remove_learners(["carol"], folder)
        with pytest.raises(Exception, match=r"uthoriz|carol-orders|Unknown"):
            producer.send("carol-orders", b"two").get(timeout=15)
    finally:
        producer.close(timeout=0)
        consumer.close(autocommit=False)
    assert not [name for name in owner.list_topics() if name.startswith("carol-")]
    assert not [group for group in owner.list_groups() if group["group_id"].startswith("carol-")]
    assert not is_user(owner, "carol")
    assert rights(owner, "carol") == []
    assert quota(owner, "carol") == {}
    assert not carol.exists()
    assert "refuses the SASL login" in str(probe(config.pop("bootstrap_servers"), config))
    # The other one is as before.
    assert is_user(owner, "dave")
    assert "dave-orders" in owner.list_topics()
    assert len(rights(owner, "dave")) == 3


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["anne-marie"], "a hyphen ends the prefix"),
        ([".hidden"], "can't be a learner's name"),
        (["../carol"], "can't be a learner's name"),
        (["carol", ""], "can't be a learner's name"),
        (["c" * 41], "up to 40 letters"),
        (["carol", "Carol"], "named twice"),
        (["carol", "teacher"], "has a user 'teacher' already"),
        ([], "No name was given"),
    ],
)
def test_a_name_that_cannot_be(names: list[str], said: str, folder: Path, owner: Any) -> None:
    """Nobody is added then, not even those named beside."""
    with pytest.raises(ClassroomError, match=said):
        add_learners(names, folder)
    assert not folder.exists()
    assert not is_user(owner, "carol")


def test_topics_of_somebody_else(folder: Path, owner: Any) -> None:
    """Nobody gets rights over what was there before."""
    owner.create_topics({"frank-ledger": {"num_partitions": 1, "replication_factor": 1}}, wait_for_metadata=True)
    try:
        with pytest.raises(ClassroomError, match="has 'frank-ledger' already"):
            add_learners(["frank"], folder)
    finally:
        owner.delete_topics(["frank-ledger"])
    assert rights(owner, "frank") == []


def test_who_is_not_in_the_class(folder: Path, owner: Any) -> None:
    """Is not removed, nor anybody beside: the name may be that of a user of another service."""
    add_learners(["carol"], folder)
    with pytest.raises(ClassroomError, match="teacher isn't in the class"):
        remove_learners(["carol", "teacher"], folder)
    assert is_user(owner, "carol")
    assert is_user(owner, "teacher")


def test_a_listener_without_passwords(folder: Path, cluster: ClassCluster) -> None:
    """It is said before anybody is added."""
    with pytest.raises(ClassroomError, match=r"nobody was added: .* has no SASL"):
        add_learners(["carol"], folder, address=cluster.inside)
    with pytest.raises(ClassroomError, match="PLAINTEXT has no place for"):
        add_learners(["carol"], folder, protocol="PLAINTEXT")
    with pytest.raises(ClassroomError, match="takes the SASL mechanisms SCRAM-SHA-512, not SCRAM-SHA-256"):
        add_learners(["carol"], folder, mechanism="SCRAM-SHA-256")
    with pytest.raises(ClassroomError, match="'PLAIN' isn't a mechanism for learners"):
        add_learners(["carol"], folder, mechanism="PLAIN")
    assert not folder.exists()


def test_a_cluster_without_rights(folder: Path, cluster_elsewhere: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where learners couldn't be kept apart, nobody is added."""
    for name, value in cluster_elsewhere.environment("LOGIN", "SCRAM-SHA-256").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ClassroomError, match="knows no rights"):
        add_learners(["carol"], folder, mechanism="SCRAM-SHA-256")
    assert not folder.exists()


def test_a_teacher_without_the_right(
    folder: Path, ada_and_bob: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A learner can't add others."""
    ada = ada_and_bob("ada")
    monkeypatch.setenv("KAFKA_SASL_USERNAME", "ada")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", str(ada["sasl_plain_password"]))
    with pytest.raises(ClassroomError, match="super users"):
        add_learners(["carol"], folder)
    assert not folder.exists()


def test_an_entry_says_what_a_class_needs(folder: Path, owner: Any) -> None:
    """Where its Redis is, and that checks wait longer than on a machine of one's own."""
    [file] = add_learners(["erin"], folder, redis="redis://localhost:6379/0")
    try:
        variables = read_entry(file).variables
        assert variables["REDIS_URL"] == "redis://localhost:6379/0"
        assert float(variables["LEARNKAFKA_PATIENCE"]) > 1
    finally:
        remove_learners(["erin"], folder)


def test_commands(folder: Path, owner: Any) -> None:
    """`learnkafka class add` and `remove` say what they did, and no password."""
    added = CliRunner().invoke(app, ["class", "add", "carol", "dave", "--folder", str(folder), "--produce", "1000"])
    assert added.exit_code == 0, added.output
    assert "carol can get in." in added.output
    assert read_entry(folder / "carol.env").password not in added.output
    assert quota(owner, "dave")["producer_byte_rate"] == 1000
    refused = CliRunner().invoke(app, ["class", "remove", "carol", "nobody", "--folder", str(folder)])
    assert refused.exit_code == 1
    assert "nobody isn't in the class" in refused.output.replace("\n", " ")
    removed = CliRunner().invoke(app, ["class", "remove", "carol", "dave", "--folder", str(folder)])
    assert removed.exit_code == 0, removed.output
    assert not list(folder.iterdir())


ENTRY = "KAFKA_BOOTSTRAP_SERVERS=h:1\nKAFKA_SASL_USERNAME=carol\nKAFKA_SASL_PASSWORD=secret\nLEARNKAFKA_PREFIX=carol-\n"


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (ENTRY, 0o644, "others on this machine can read it; run: chmod 600"),
        (ENTRY + "PATH=/tmp\n", 0o600, "Line 5 of .* makes no sense"),
        (ENTRY + "KAFKA_SSL_CAFILE='a\n", 0o600, "a quote that doesn't end"),
        (ENTRY.replace("KAFKA_SASL_PASSWORD=secret\n", ""), 0o600, "doesn't say KAFKA_SASL_PASSWORD"),
        ("", 0o600, "doesn't say KAFKA_BOOTSTRAP_SERVERS"),
        ("\udcff", 0o600, "it isn't text"),
        (None, 0o600, "No such file"),
    ],
)
def test_a_file_that_cannot_be_used(text: str | None, mode: int, said: str, tmp_path: Path) -> None:
    """`learnkafka lab --cluster` says why, in one sentence, and never the password."""
    file = tmp_path / "carol.env"
    if text is not None:
        file.write_bytes(os.fsencode(text))
        file.chmod(mode)
    with pytest.raises(ClassroomError, match=said) as raised:
        read_entry(file)
    assert "secret" not in str(raised.value)
