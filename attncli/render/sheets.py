"""What a worked example is laid out in, whatever prints it: sections with a formula above and numbers below, all
of them text already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite

Item = list[tuple[str, str | None]]
"""Pieces of text, each with its style."""

POSITIVE, NEGATIVE = "cyan", "red"


@dataclass(frozen=True, eq=False)
class Column:
    """Numbers as text, one a row. `joined`: it stays beside the column before it. `spare`: where there is no room,
    it is left out, and those joined to it as well."""

    title: str
    cells: Sequence[str]
    joined: bool = False
    spare: bool = False


@dataclass(frozen=True, eq=False)
class Bars:
    """A bar for each row, None for a row that has none. The longest is that of `full`; None: of the largest."""

    values: Sequence[float | None]
    full: float | None = None
    signed: bool = False

    def drawn(self, width: int) -> list[tuple[str, bool]]:
        """Each bar in at most `width` cells, and whether it is of a negative number; signed ones begin with the
        sign. What is 0 or no finite number has none."""
        full = self.full or max((abs(v) for v in self.values if v and isfinite(v)), default=1.0)
        return [("", False) if not v or not isfinite(v) else self._drawn(v, full, width) for v in self.values]

    def _drawn(self, value: float, full: float, width: int) -> tuple[str, bool]:
        sign = ("-" if value < 0 else "+") if self.signed else ""
        return sign + bar(abs(value) / full, width - len(sign)), value < 0


@dataclass(frozen=True, eq=False)
class Sheet:
    """A table of numbers. The last `totals` rows are what the others come to; the row `strong` stands out."""

    labels: Sequence[str]
    columns: Sequence[Column]
    bars: Bars | None = None
    totals: int = 0
    strong: int | None = None
    corner: str = ""


@dataclass(frozen=True, eq=False)
class Flow:
    """Items that stand side by side, as many as there is room for. `items(count, tight)` gives at most `count` for
    each row, unless all are asked for; `tight` ones have no space within. `count` is to be `least` or a little
    more, so that the last line is full."""

    labels: Sequence[str]
    items: Callable[[int, bool], Sequence[Sequence[Item]]]
    least: int


@dataclass(frozen=True, eq=False)
class Chain:
    """Steps one below the other: what is computed, how, and what comes out."""

    steps: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, eq=False)
class Caption:
    """A formula, and what is said of it."""

    formula: str
    meaning: str = ""
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Section:
    captions: Sequence[Caption]
    body: Sheet | Flow | Chain


@dataclass(frozen=True, eq=False)
class Page:
    """A worked example: what it is of, more about that, and its sections."""

    title: str
    about: str
    sections: Sequence[Section]


def bar(fraction: float, width: int) -> str:
    """A bar of that fraction of `width` cells, to an eighth of a cell."""
    eighths = round(min(fraction, 1.0) * width * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
