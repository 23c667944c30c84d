"""The questions as they are asked in JupyterLab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import anywidget
import traitlets

_HERE = Path(__file__).parent


class SentChoice(TypedDict):
    """A choice as the browser gets it, in HTML; why it is right or not only where that may be told at once."""

    text: str
    why: NotRequired[str]


class SentQuestion(TypedDict):
    """A question as the browser gets it; which choice is right only where that may be told at once."""

    prompt: str
    choices: list[SentChoice]
    right: NotRequired[int]


class QuestionWidget(anywidget.AnyWidget):
    """Radio buttons. What is chosen is asked of `choose`; what came of it is in `chosen`, which only Python sets."""

    _esm = _HERE / "question.js"
    _css = _HERE / "question.css"

    questions = traitlets.List(traitlets.Dict()).tag(sync=True)
    chosen = traitlets.List(traitlets.Int(allow_none=True)).tag(sync=True)
    locked = traitlets.Bool(default_value=False).tag(sync=True)

    def __init__(self, questions: list[SentQuestion], chosen: list[int | None], choose: Callable[[int, int], None]):
        super().__init__(questions=questions, chosen=chosen)
        self._choose = choose
        self.on_msg(self._hear)

    def _hear(self, _: object, content: dict[str, Any], __: object) -> None:
        match content:
            case {"question": int(question), "choice": int(choice)}:
                self._choose(question, choice)

    def bundle(self, html: str, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a cell shows: the widget, beside forms of it that are the same on every run."""
        data, metadata = self._repr_mimebundle_() or ({}, {})
        return data | {"text/html": html, "text/plain": text}, metadata
