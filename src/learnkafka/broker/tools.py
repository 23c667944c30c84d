"""Kafka's own command-line tools, by the names of the scripts that come with Apache Kafka."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from learnkafka.errors import BrokerError

MAIN_CLASSES = {
    "kafka-broker-api-versions.sh": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-console-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer.sh": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-dump-log.sh": "org.apache.kafka.tools.DumpLogSegments",
    "kafka-get-offsets.sh": "org.apache.kafka.tools.GetOffsetShell",
    "kafka-metadata-quorum.sh": "org.apache.kafka.tools.MetadataQuorumCommand",
    "kafka-producer-perf-test.sh": "org.apache.kafka.tools.ProducerPerformance",
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
}
WITHOUT_BROKER = {"kafka-dump-log.sh"}
TOOL_SECONDS = 60


def main_class(script: str) -> str:
    """The class that the script starts; a script that isn't one lists those that are."""
    if script not in MAIN_CLASSES:
        raise BrokerError(f"There is no tool {script!r}; there are {', '.join(sorted(MAIN_CLASSES))}.")
    return MAIN_CLASSES[script]


@dataclass(frozen=True)
class KafkaTool:
    """One call of a tool. An argument's `{data}` stands for the broker's data directory."""

    script: str
    arguments: tuple[str, ...]
    text: str = ""  # what it reads from standard input

    def run(
        self, command: list[str], bootstrap_servers: str, data: Path | None, config: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run it after `command`, pointed at the cluster, with a properties file for its security where given."""
        arguments = [argument.replace("{data}", str(data)) for argument in self.arguments]
        if self.script not in WITHOUT_BROKER:
            security = ["--command-config", str(config)] if config else []
            arguments = ["--bootstrap-server", bootstrap_servers, *security, *arguments]  # some want these first
        try:
            return subprocess.run(
                [*command, *arguments],
                input=self.text,
                capture_output=True,
                text=True,
                timeout=TOOL_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise BrokerError(
                f"{self.script} didn't end within {TOOL_SECONDS} s; give it --max-messages or --timeout-ms where it reads on."
            ) from None
