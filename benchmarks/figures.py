"""A figure: what was measured, in which unit, how widely it spread, and which bound it has to keep."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Figure:
    """Samples of one quantity. `bound` is the largest median that is good enough; None where it is only told."""

    name: str
    unit: str
    samples: list[float]
    bound: float | None = None

    @property
    def median(self) -> float:
        """The middle one of the samples."""
        return median(self.samples)

    @property
    def misses_its_bound(self) -> bool:
        """Whether it is worse than it may be."""
        return self.bound is not None and self.median > self.bound

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "unit": self.unit,
            "median": round(self.median, 3),
            "lowest": round(min(self.samples), 3),
            "highest": round(max(self.samples), 3),
            "samples": len(self.samples),
            "bound": self.bound,
        }


def as_markdown(figures: list[Figure]) -> str:
    """One row a figure."""
    rows = ["| what | median | lowest to highest | bound |", "|---|---|---|---|"]
    for figure in figures:
        number = ".0f" if figure.unit == "MB" else ".2f"
        bound = "" if figure.bound is None else f"≤ {figure.bound:g}{' missed' if figure.misses_its_bound else ''}"
        spread = f"{min(figure.samples):{number}} to {max(figure.samples):{number}}"
        rows.append(f"| {figure.name} | {figure.median:{number}} {figure.unit} | {spread} | {bound} |")
    return "\n".join(rows)
