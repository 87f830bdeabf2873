"""What a scenario hands back: rows of a table, and verdicts on the design's budgets."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

__all__ = ["Budget", "Figures", "Table", "median", "number", "paired", "ratio"]

Cell = str | float | int | None


@dataclass(frozen=True)
class Budget:
    """One promise, with what was measured."""

    what: str
    limit: float
    at_most: bool
    measured: float | None
    unit: str = ""
    note: str = ""

    @property
    def met(self) -> bool | None:
        if self.measured is None:
            return None
        compare: Callable[[float, float], bool] = operator.le if self.at_most else operator.ge
        return compare(self.measured, self.limit)

    @property
    def verdict(self) -> str:
        if self.met is None or self.measured is None:
            return "not measured"
        if self.met:
            return "met"
        by = abs(self.measured - self.limit) / self.limit if self.limit else float("inf")
        return f"missed by {by:.0%}" if self.limit else "missed"


@dataclass
class Table:
    """The measured figures of one scenario."""

    title: str
    columns: list[str]
    rows: list[list[Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Figures:
    """All that one scenario found."""

    key: str
    tables: list[Table] = field(default_factory=list)
    budgets: list[Budget] = field(default_factory=list)


def number(value: Cell) -> str:
    """As people read it: thousands apart, three digits that mean something."""
    match value:
        case None:
            return "–"
        case str():
            return value
        case int():
            return f"{value:,}"
        case _ if abs(value) >= 100:
            return f"{value:,.0f}"
        case _ if abs(value) >= 10:
            return f"{value:.1f}"
        case _:
            return f"{value:.2f}"


def ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def paired(part: Sequence[float], whole: Sequence[float] | None) -> float | None:
    """The median over the rounds of one figure to another, measured in the same minute."""
    if not whole:
        return None
    return median(p / w for p, w in zip(part, whole, strict=True))
