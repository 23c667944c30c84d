"""What a broker knows of topics and groups, for those who draw it or check it."""

from learnkafka.observe.frames import Committed, Config, Group, Member, Partition, Record, Topic
from learnkafka.observe.observer import Observer

__all__ = ["Committed", "Config", "Group", "Member", "Observer", "Partition", "Record", "Topic"]
