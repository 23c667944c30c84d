"""The little Markdown that questions and exercises may have: `code` and *emphasis*, nothing else."""

from __future__ import annotations

from markdown_it import MarkdownIt

_INLINE = MarkdownIt("zero").enable(["backticks", "emphasis", "escape"])


def as_html(markdown: str) -> str:
    """Inline HTML; tags in the text come out as text."""
    return str(_INLINE.renderInline(markdown))


def as_text(markdown: str) -> str:
    """For a terminal: code keeps its backticks, emphasis loses its stars."""
    (line,) = _INLINE.parseInline(markdown)
    return "".join(f"`{part.content}`" if part.type == "code_inline" else part.content for part in line.children or ())
