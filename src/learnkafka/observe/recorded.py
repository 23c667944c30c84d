"""Frames: everything observed at one moment, in a form that can be drawn, saved and replayed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

State = Literal["live", "absent", "unreachable", "refused", "failed"]
"""What is drawn: it is there; it isn't there yet; the broker doesn't answer; one may not look; we made a mistake."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What was seen at one moment; nobody changes it, so that frames may share what didn't change between them."""

    seq: int
    """1, 2, 3, …; a look that sees nothing new makes no frame."""
    time: float
    """Seconds since 1970 (UTC)."""
    state: State
    said: str
    """One sentence for a person where the state isn't `live`, else empty."""
    content: Mapping[str, Any]
    """JSON values: what they are depends on what is observed. While a broker is unreachable, what was last known."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON, and for the browser."""
        return {"seq": self.seq, "time": self.time, "state": self.state, "said": self.said, "content": self.content}


def save(frames: Iterable[Frame], path: str | Path) -> None:
    """Write frames into a file, one JSON object a line."""
    lines = [json.dumps(asdict(frame), ensure_ascii=False) + "\n" for frame in frames]
    Path(path).write_text("".join(lines), encoding="utf-8")


def load(path: str | Path) -> tuple[Frame, ...]:
    """The frames that `save` wrote."""
    with Path(path).open(encoding="utf-8") as lines:  # not splitlines(): it also parts at U+2028, which JSON leaves be
        return tuple(Frame(**json.loads(line)) for line in lines)
