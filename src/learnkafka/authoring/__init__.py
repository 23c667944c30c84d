"""For course authors: running the lessons, and checking that what is committed is what its source gives."""

from learnkafka.authoring.build import build_course
from learnkafka.authoring.validate import notebooks_in, traps, validate

__all__ = ["build_course", "notebooks_in", "traps", "validate"]
