"""Errors that a person reads."""

from __future__ import annotations


class CourseError(Exception):
    """Something a learner can cause or mend: one sentence with what happened, what was expected and what to do."""

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook (IPython calls this in place of its own traceback)."""
        return [f"{type(self).__name__}: {self}"]


class BrokerError(CourseError):
    """A broker could not be started, reached or used as asked."""


class ServiceError(CourseError):
    """What a lesson needs beside Kafka could not be started, reached or used as asked."""


class BrokerUnreachableError(BrokerError):
    """A broker that ran doesn't answer any more: it was stopped, killed or paused."""


class NameRefusedError(CourseError):
    """A topic, group or prefix has a name that Kafka doesn't take."""


class ClassroomError(CourseError):
    """A learner could not be added to the class's cluster, or removed from it."""
