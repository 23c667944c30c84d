"""The labs: one module for each holds its exercises whole."""

from learnkafka.labs.exercise import Exercise
from learnkafka.labs.exercises import (
    lab_00_start_here,
    lab_01_why_publish_subscribe,
    lab_02_topics,
    lab_03_producing_records,
    lab_04_keyed_partitions,
    lab_05_consumer_groups,
    lab_06_offsets_and_delivery,
    lab_07_rebalancing,
    lab_08_seek_and_replay,
    lab_09_retention_and_compaction,
    lab_10_idempotent_replay,
    lab_11_replication_and_leader_election,
)

LABS: dict[str, tuple[Exercise, ...]] = {
    "00-start-here": lab_00_start_here.EXERCISES,
    "01-why-publish-subscribe": lab_01_why_publish_subscribe.EXERCISES,
    "02-topics": lab_02_topics.EXERCISES,
    "03-producing-records": lab_03_producing_records.EXERCISES,
    "04-keyed-partitions": lab_04_keyed_partitions.EXERCISES,
    "05-consumer-groups": lab_05_consumer_groups.EXERCISES,
    "06-offsets-and-delivery": lab_06_offsets_and_delivery.EXERCISES,
    "07-rebalancing": lab_07_rebalancing.EXERCISES,
    "08-seek-and-replay": lab_08_seek_and_replay.EXERCISES,
    "09-retention-and-compaction": lab_09_retention_and_compaction.EXERCISES,
    "10-idempotent-replay": lab_10_idempotent_replay.EXERCISES,
    "11-replication-and-leader-election": lab_11_replication_and_leader_election.EXERCISES,
}
