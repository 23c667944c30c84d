"""A view without a widget: a table, for pages that are only read, for terminals, and for nbval, which compares it."""

from __future__ import annotations

import html
from dataclasses import dataclass

# GitHub takes the attribute alone, JupyterLab the style alone.
LEFT = ' align="left" style="text-align: left"'
RIGHT = ' align="right" style="text-align: right"'


@dataclass(frozen=True, repr=False)
class Snapshot:
    """A table of texts with a caption: as text, and as HTML that GitHub shows."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: frozenset[str] = frozenset()
    """The columns that hold words; numbers are aligned on the right."""

    def __repr__(self) -> str:
        if not self.rows:
            return self.caption
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = [
            "  ".join(
                text.ljust(width) if name in self.left else text.rjust(width)
                for name, text, width in zip(self.columns, row, widths, strict=True)
            ).rstrip()
            for row in (self.columns, *self.rows)
        ]
        return "\n".join([self.caption, *lines])

    def _repr_html_(self) -> str:
        caption = f"<caption>{html.escape(self.caption)}</caption>"
        if not self.rows:
            return f"<table>{caption}</table>\n"
        head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in self.columns)
        rows = "".join(f"<tr>{self._cells(row)}</tr>\n" for row in self.rows)
        return f"<table>{caption}\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table>\n"

    def _cells(self, row: tuple[str, ...]) -> str:
        return "".join(
            f"<td{LEFT if name in self.left else RIGHT}>{html.escape(text)}</td>"
            for name, text in zip(self.columns, row, strict=True)
        )
