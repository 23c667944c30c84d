"""What every exercise of a lab says of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene
    from learnkafka.labs.verdict import Misconception, Verdict


class Handed(Enum):
    """What `lab.check()` is given beside the exercise's number."""

    NOTHING = "nothing"  # the check looks at the broker
    FUNCTION = "function"  # the check calls it with fresh data


class Exercise(ABC):
    """One checked task. Texts are Markdown with `code` and *emphasis* only."""

    title: ClassVar[str]
    task: ClassVar[str]  # in the shop's words; stands in the notebook word for word
    points: ClassVar[int]
    hints: ClassVar[tuple[str, ...]]  # a ladder of three rungs or more, the first a question
    why: ClassVar[str]  # why it works, shown on passing
    misconceptions: ClassVar[tuple[Misconception, ...]] = ()  # those that its check recognises
    handed: ClassVar[Handed] = Handed.FUNCTION
    late: ClassVar[str] = "Does it wait for a record that never comes?"  # said when time was up; plain text
    is_stretch: ClassVar[bool] = False

    @abstractmethod
    def check(self, scene: Scene, attempt: Any) -> Verdict:
        """Judge a function with fresh data, or what is on the broker."""

    def given(self, scene: Scene) -> Any:
        """What the task starts from, anew each time; None where it starts from nothing."""
        return None
