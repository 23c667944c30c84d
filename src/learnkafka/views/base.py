"""What all views have in common: frames, drawn in the browser while somebody looks."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from learnkafka.observe.recorder import Look, Recorder

if TYPE_CHECKING:
    from learnkafka.observe.recorded import Frame
    from learnkafka.views.table import Snapshot


_HERE = Path(__file__).parent


def with_board(name: str) -> str:
    """A view's script or style sheet, behind what all of them have in common: a widget's is one text."""
    suffix = Path(name).suffix
    return "\n".join((_HERE / file).read_text(encoding="utf-8") for file in (f"board{suffix}", name))


class View(anywidget.AnyWidget):
    """A widget that draws frames. Pause, step and replay are the browser's; Python hears only whether it is seen.

    It looks from the first time that it is shown, for as long as a page shows it; `close()` ends it for good.
    """

    what: ClassVar[str]
    """For a sentence: `log`."""

    frame = traitlets.Dict().tag(sync=True)
    """The newest frame: all that the browser is sent, in one message."""

    def __init__(self, look: Look, name: str) -> None:
        super().__init__()
        self._name = name
        self._closed = False
        self.recorder = Recorder(look)
        self.recorder.subscribe(self._publish)
        self.on_msg(self._hear)

    def __repr__(self) -> str:
        return f"<{self.what} of {self._name}>"

    def snapshot(self) -> Snapshot:
        """What is there now as a table that needs no kernel: the same on every run, as long as the broker holds the same."""
        return self._snapshot(self.recorder.take())

    def close(self) -> None:
        """End the looking; the frames stay in `recorder`."""
        self._closed = True
        if "recorder" in self.__dict__:  # ipywidgets closes what failed in its making, too
            self.recorder.close()
        super().close()

    def _snapshot(self, frame: Frame) -> Snapshot:
        raise NotImplementedError

    def _publish(self, frame: Frame) -> None:
        """On the recorder's thread, at its rate: ipykernel sends it from there."""
        self.frame = frame.as_dict()

    def _hear(self, _: object, content: dict[str, Any], __: object) -> None:
        match content:
            case {"views": 0}:
                self.recorder.close()
            case {"views": int()} if not self._closed:
                self.recorder.start()

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        self.recorder.start()  # ipywidgets doesn't come here for a widget that is closed
        data, metadata = super()._repr_mimebundle_() or ({}, {})
        name = html.escape(self._name)
        line = f"<p><em>Run this cell in JupyterLab to see the {self.what} of <code>{name}</code> live.</em></p>\n"
        return data | {"text/html": line, "text/plain": repr(self)}, metadata
