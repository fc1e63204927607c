"""The blocks that are figures: tables, items side by side, bars, plots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import numpy as np

from attncli.formula.types import Array
from attncli.render.page.blocks import Span

POSITIVE, NEGATIVE = "cyan", "red"

Item = list[Span]
"""One entry of `Items`: pieces of text side by side."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column of a table, its cells as text. `number`: flush right, never broken or cut. `label`: flush left,
    never broken. `words`: broken between words where there is no room.

    `joined`: it stays beside the column before it. `spare`: it is left out, with those joined to it, where there
    is no room."""

    title: str
    cells: Sequence[str]
    kind: Literal["label", "number", "words"] = "number"
    joined: bool = False
    spare: bool = False


@dataclass(frozen=True, eq=False)
class Bars:
    """A bar beside each row of a table, None for a row without one. The longest is that of `full`; None: of the
    largest value. `signed`: each begins with its sign."""

    values: Sequence[float | None]
    full: float | None = None
    signed: bool = False

    def drawn(self, width: int) -> list[tuple[str, bool]]:
        """Each bar in at most `width` characters, and whether its number is negative. Zero, and what is not a
        finite number, has no bar."""
        full = self.full or max((abs(v) for v in self.values if v and isfinite(v)), default=1.0)
        return [("", False) if not v or not isfinite(v) else self._drawn(v, full, width) for v in self.values]

    def _drawn(self, value: float, full: float, width: int) -> tuple[str, bool]:
        sign = ("-" if value < 0 else "+") if self.signed else ""
        return sign + bar(abs(value) / full, width - len(sign)), value < 0


@dataclass(frozen=True, eq=False)
class Table:
    """A table. The last `totals` rows are sums, set apart from the rows above; row `strong` stands out, as do the
    cells (row, column) of `bold`. `header` False: the columns have no titles."""

    columns: Sequence[Column]
    bars: Bars | None = None
    totals: int = 0
    strong: int | None = None
    bold: frozenset[tuple[int, int]] = frozenset()
    header: bool = True


@dataclass(frozen=True, eq=False)
class Items:
    """Labelled rows of short items, as many side by side as there is room for. `items(count, tight)` gives at most
    `count` items for each row, or all of them with --full; `tight` ones have no spaces inside. A medium asks for
    `least`, or for a few more, so that the last line is full."""

    labels: Sequence[str]
    items: Callable[[int, bool], Sequence[Sequence[Item]]]
    least: int


@dataclass(frozen=True, eq=False)
class BarChart:
    """A bar for each row of numbers, as long as its number in `values`; negative ones run to the left of the zero
    line. `columns` are the numbers as text."""

    columns: Sequence[Column]
    values: Sequence[float]


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve of a plot: its name, the letter and the style it is drawn in. `x` [point] and `y` [point] are
    numbers as they are; a medium takes logarithms where the axis says so. y that is not finite is left out."""

    name: str
    letter: str
    style: str
    x: Array
    y: Array


@dataclass(frozen=True, eq=False)
class Axis:
    """An axis of a plot: its name, whether it is logarithmic, how a number is written on it, and the marks it must
    have, empty where the medium may choose."""

    name: str
    text: Callable[[float], str]
    logarithmic: bool = False
    marks: Sequence[tuple[float, str]] = ()

    def coordinates(self, numbers: Array) -> Array:
        """Where numbers lie along the axis: their base-10 logarithms where it is logarithmic, -inf for zero."""
        if not self.logarithmic:
            return np.asarray(numbers, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log10(numbers).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Plot:
    """Curves over one pair of axes. `about` names what is drawn, for a legend."""

    curves: Sequence[Curve]
    x: Axis
    y: Axis
    about: str = ""


def bar(fraction: float, width: int) -> str:
    """A bar that fills this fraction of `width` characters, to an eighth of a character."""
    eighths = round(min(fraction, 1.0) * width * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
