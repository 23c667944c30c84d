"""A class on one cluster: a user, rights and quotas for each learner, given and taken by the teacher."""

from learnkafka.classroom.entries import Entry, read_entry
from learnkafka.classroom.learners import add_learners, remove_learners
from learnkafka.classroom.quotas import Quota

__all__ = ["Entry", "Quota", "add_learners", "read_entry", "remove_learners"]
