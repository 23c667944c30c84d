"""Write src/learnkafka/broker/jars.lock: what Apache Kafka needs to run, as Maven resolves it, with SHA-256 and size.

Run by `make lock`. The server's dependencies come from the resolver; of the command-line tools only their own jar is
taken, since the rest of what they name (Connect with Jetty and Jersey) serves tools that the course doesn't use.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from jgo.maven import Artifact, Dependency, MavenContext

from learnkafka.broker.distribution import KAFKA_VERSION

LOCK = Path(__file__).parents[1] / "src/learnkafka/broker/jars.lock"
SLF4J_BINDING = "slf4j-simple"  # without a binding the broker logs nothing; the smallest one will do
HEADER = f"# Apache Kafka {KAFKA_VERSION}: group:artifact:version sha256 bytes. Written by tools/lock_jars.py.\n"


def artifacts(maven: MavenContext) -> list[Artifact]:
    """The server and all it needs, the tools, and an SLF4J binding of the API's own version."""
    server = Dependency(maven.project("org.apache.kafka", "kafka_2.13").at_version(KAFKA_VERSION).artifact())
    inputs, transitive = maven.resolver.resolve([server])
    found = [dependency.artifact for dependency in inputs + transitive]
    slf4j = next(artifact.version for artifact in found if artifact.artifactId == "slf4j-api")
    found.append(maven.project("org.apache.kafka", "kafka-tools").at_version(KAFKA_VERSION).artifact())
    found.append(maven.project("org.slf4j", SLF4J_BINDING).at_version(slf4j).artifact())
    return sorted(found, key=lambda artifact: (artifact.groupId, artifact.artifactId))


def main() -> None:
    """Resolve into an empty repository, so that nothing that happens to lie on this machine gets in."""
    with tempfile.TemporaryDirectory() as repository:
        lines = []
        for artifact in artifacts(MavenContext(repo_cache=Path(repository))):
            content = artifact.resolve().read_bytes()
            coordinates = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            lines.append(f"{coordinates} {hashlib.sha256(content).hexdigest()} {len(content)}\n")
    LOCK.write_text(HEADER + "".join(lines), encoding="ascii")


if __name__ == "__main__":
    main()
