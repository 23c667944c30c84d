"""Writing a file so that a reader finds the old text or the new one, never a part."""

from __future__ import annotations

import secrets
from pathlib import Path


def write_whole(path: Path, text: str, *, private: bool = False) -> None:
    """Write the text under its final name at once, making the directory where it isn't there; raises OSError.

    What is private can be read by its owner only, at no moment by anybody else.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.touch(mode=0o600 if private else 0o666)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
