"""Consumers of a group that run as operating-system processes, from a file that the learner reads and writes."""

from learnkafka.members.events import Assigned, Committed, Delivered, Ended, Event, Lost, Position, Revoked
from learnkafka.members.member import Member
from learnkafka.members.registry import members_of
from learnkafka.members.start import start_like, start_member

__all__ = [
    "Assigned",
    "Committed",
    "Delivered",
    "Ended",
    "Event",
    "Lost",
    "Member",
    "Position",
    "Revoked",
    "members_of",
    "start_like",
    "start_member",
]
