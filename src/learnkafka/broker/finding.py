"""What is wrong, and what to do: the form in which a diagnosis reaches a person."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One cause and its remedy; as text, one sentence."""

    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"
