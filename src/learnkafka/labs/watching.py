"""The consumers that a learner's function makes, as a check sees them: whether they commit, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from learnkafka.labs.notes import PowerCut


class Consumers:
    """What became known of them."""

    def __init__(self) -> None:
        self.commit_themselves = False
        """Whether one that has a group was made with auto-commit on."""
        self.committed = False
        """Whether `commit` was called."""
        self.committed_position = False
        """Whether it was called without offsets."""


@contextmanager
def watched(known: Consumers, is_dead: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Those made and used in the block; when the process is dead, none of them commits any more."""
    from kafka import KafkaConsumer

    kinds: Any = KafkaConsumer  # so that we may replace what it does
    make, commit, commit_async = kinds.__init__, kinds.commit, kinds.commit_async

    def noted_make(self: Any, *topics: Any, **settings: Any) -> None:
        make(self, *topics, **settings)
        known.commit_themselves |= bool(self.config["enable_auto_commit"] and self.config["group_id"] is not None)

    def noted(what: Any) -> Any:
        def call(self: Any, offsets: Any = None, *others: Any, **more: Any) -> Any:
            if is_dead():
                raise PowerCut("the process was killed")
            known.committed = True
            known.committed_position |= offsets is None
            return what(self, offsets, *others, **more)

        return call

    kinds.__init__, kinds.commit, kinds.commit_async = noted_make, noted(commit), noted(commit_async)
    try:
        yield
    finally:
        kinds.__init__, kinds.commit, kinds.commit_async = make, commit, commit_async
