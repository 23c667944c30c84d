"""What a question is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """One possible answer, and why it is right or only tempting; inline Markdown, both."""

    text: str
    why: str


@dataclass(frozen=True)
class Question:
    """A question with its choices, of which one is right."""

    id: str  # begins with its lesson's number: "01-billing-down"
    prompt: str  # inline Markdown
    choices: tuple[Choice, ...]
    right: int  # place in choices, from 0


def letter(place: int) -> str:
    """What a choice is called: a, b, c …"""
    return chr(ord("a") + place)
