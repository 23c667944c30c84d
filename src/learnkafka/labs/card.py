"""Verdicts, hints and progress as a person meets them: a card in JupyterLab, plain text elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from learnkafka.labs.verdict import CodeLine, Outcome, Verdict
from learnkafka.markup import as_html, as_text

LONGEST = 700  # characters of one paragraph
MOST_LINES = 12  # of what a function printed

# A sign and a word say what the colour says. Colours are JupyterLab's own, which follow its theme.
_LOOKS = {
    Outcome.PASSED: ("✓", "passed", "var(--jp-success-color1, #388e3c)"),
    Outcome.WRONG: ("✗", "not yet", "var(--jp-warn-color1, #f57c00)"),
    Outcome.NOT_ATTEMPTED: ("○", "not attempted", "var(--jp-border-color1, #9e9e9e)"),
    Outcome.RAISED: ("!", "your code raised", "var(--jp-error-color1, #d32f2f)"),
    Outcome.UNREACHABLE: ("!", "broker unreachable", "var(--jp-error-color1, #d32f2f)"),
    Outcome.REDIS_UNREACHABLE: ("!", "Redis unreachable", "var(--jp-error-color1, #d32f2f)"),
    Outcome.TIMED_OUT: ("!", "timed out", "var(--jp-error-color1, #d32f2f)"),
}
_HINT = "var(--jp-info-color1, #0288d1)"


@dataclass(frozen=True)
class Paragraph:
    """A line of a card. `text` is Markdown where `is_ours`; what comes from outside is shown as it is."""

    label: str
    text: str
    is_ours: bool = False

    def as_text(self) -> str:
        """For a terminal."""
        text = as_text(self.text) if self.is_ours else _cut(self.text)
        return f"{self.label}: {text}" if self.label else text

    def as_html(self) -> str:
        """For a page."""
        text = as_html(self.text) if self.is_ours else escape(_cut(self.text))
        label = f"<strong>{escape(self.label)}:</strong> " if self.label else ""
        return f'<p style="margin: .3em 0; overflow-wrap: anywhere; white-space: pre-wrap">{label}{text}</p>'


@dataclass(frozen=True, repr=False)
class Card:
    """A title and some paragraphs."""

    title: str
    paragraphs: tuple[Paragraph, ...]
    colour: str

    def __repr__(self) -> str:
        return "\n".join([self.title, *(f"  {one.as_text()}" for one in self.paragraphs)])

    def _repr_html_(self) -> str:
        frame = f"border: 1px solid {self.colour}; border-left-width: 6px; padding: .4em 1em; margin: .4em 0; max-width: 55em"
        title = f'<p style="margin: .3em 0"><strong>{escape(self.title)}</strong></p>'
        inner = "\n".join([title, *(one.as_html() for one in self.paragraphs)])
        return f'<section aria-label="{escape(self.title)}" style="{frame}">\n{inner}\n</section>'


def verdict_card(name: str, verdict: Verdict, *, why: str, hint: str, note: str) -> Card:
    """`name` is the exercise's, `hint` what to type for the next hint, `note` something beside the verdict."""
    sign, word, colour = _LOOKS[verdict.outcome]
    paragraphs = [Paragraph("", verdict.headline)]
    if verdict.line:
        paragraphs.append(Paragraph(_line_label(verdict.line), verdict.line.text))
    if verdict.expected:
        paragraphs.append(Paragraph("Expected", verdict.expected))
    if verdict.observed:
        paragraphs.append(Paragraph("Observed", verdict.observed))
    if belief := verdict.misconception:
        paragraphs.append(Paragraph("Belief behind it", f"*{belief.belief}*", is_ours=True))
        paragraphs.append(Paragraph("What is so", f"{belief.truth} (Lesson {belief.lesson})", is_ours=True))
    if verdict.printed and not verdict.passed:
        paragraphs.append(Paragraph("Your code printed", _first_lines(verdict.printed.rstrip())))
    if note:
        paragraphs.append(Paragraph("Note", note))
    if verdict.passed:
        paragraphs.append(Paragraph("Why it works", why, is_ours=True))
    elif verdict.outcome not in (Outcome.UNREACHABLE, Outcome.REDIS_UNREACHABLE):
        paragraphs.append(Paragraph("", f"Stuck? Type `{hint}` in a cell of its own.", is_ours=True))
    return Card(f"{sign} {name}: {word}", tuple(paragraphs), colour)


def _line_label(line: CodeLine) -> str:
    return f"Line {line.number} of the cell"


def hint_card(name: str, rung: int, rungs: int, text: str) -> Card:
    """One rung of a ladder."""
    last = " (the last one)" if rung == rungs else ""
    return Card(f"? {name}: hint {rung} of {rungs}{last}", (Paragraph("", text, is_ours=True),), _HINT)


@dataclass(frozen=True, repr=False)
class ProgressTable:
    """A lab's exercises, and which are done."""

    title: str
    rows: tuple[tuple[str, int, bool], ...]  # name, points, passed

    @property
    def _summary(self) -> str:
        reached, there = sum(points for _, points, done in self.rows if done), sum(points for _, points, _ in self.rows)
        return f"{reached} of {there} points"

    def __repr__(self) -> str:
        lines = [
            f"  {'✓ passed' if done else '○ open  '}  {name} ({_points(points)})" for name, points, done in self.rows
        ]
        return "\n".join([f"{self.title}: {self._summary}", *lines])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="text-align: left">{escape(name)}</td><td>{points}</td><td>{"✓ passed" if done else "○ open"}</td></tr>\n'
            for name, points, done in self.rows
        )
        head = '<tr><th scope="col" style="text-align: left">exercise</th><th scope="col">points</th><th scope="col">state</th></tr>'
        return f"<table>\n<caption>{escape(self.title)}: {self._summary}</caption>\n<thead>{head}</thead>\n<tbody>\n{rows}</tbody>\n</table>"


def _first_lines(text: str) -> str:
    lines = text.splitlines()
    return text if len(lines) <= MOST_LINES else "\n".join([*lines[:MOST_LINES], "…"])


def _points(points: int) -> str:
    return f"{points} point{'' if points == 1 else 's'}"


def _cut(text: str) -> str:
    """The text, or its beginning; half a character of UTF-16, which no message to the browser can carry, is spelt out."""
    text = text.encode("utf-8", errors="backslashreplace").decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"
