"""What a check says of an attempt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The seven things that can have happened."""

    PASSED = "passed"
    WRONG = "wrong"
    NOT_ATTEMPTED = "not attempted"
    RAISED = "your code raised"
    UNREACHABLE = "broker unreachable"
    REDIS_UNREACHABLE = "Redis unreachable"
    TIMED_OUT = "timed out"


@dataclass(frozen=True)
class Misconception:
    """A wrong belief about Kafka that sensible people hold, and that a check can recognise."""

    belief: str
    truth: str  # one sentence, in Kafka's terms
    lesson: str  # where it is shown: "01, A service that is added later"


@dataclass(frozen=True)
class CodeLine:
    """A line of the learner's own."""

    number: int  # within its cell, from 1
    text: str


@dataclass(frozen=True)
class Verdict:
    """An outcome, with what a person needs to go on. Texts are plain: whoever draws them escapes them."""

    outcome: Outcome
    headline: str  # one sentence without the outcome's name
    expected: str = ""
    observed: str = ""
    misconception: Misconception | None = None
    line: CodeLine | None = None
    printed: str = ""  # what the learner's function printed while it was checked

    @property
    def passed(self) -> bool:
        """Whether the exercise is done."""
        return self.outcome is Outcome.PASSED


def passed(headline: str) -> Verdict:
    """The exercise is done."""
    return Verdict(Outcome.PASSED, headline)


def wrong(headline: str, *, expected: str, observed: str, misconception: Misconception | None = None) -> Verdict:
    """The attempt does something else than it should."""
    return Verdict(Outcome.WRONG, headline, expected, observed, misconception)


def not_attempted(headline: str) -> Verdict:
    """There is nothing to judge yet."""
    return Verdict(Outcome.NOT_ATTEMPTED, headline)
