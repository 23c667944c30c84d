"""For course authors: running the lessons, and checking that what is committed is what its source gives."""

from learnkafka.authoring.build import build_course

__all__ = ["build_course"]
