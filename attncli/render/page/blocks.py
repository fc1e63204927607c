"""The blocks that pages are made of. A view builds them; each medium knows how to show each of them.

The medium translates text that is marked for it (`N_`). The view makes text of users and checkpoints visible
(`text.visible`); a medium shows it as it is, and escapes what has a meaning in its own syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import numpy as np

from attncli.formula.types import Array
from attncli.render.page.numbers import number
from attncli.text.tokens import Tokens
from attncli.text.visible import visible

Span = tuple[str, str | None]
"""A piece of text, and its style."""
Item = list[Span]
"""One entry of `Items`: pieces of text side by side."""

POSITIVE, NEGATIVE = "cyan", "red"
QUIET, STRONG = "dim", "bold"


@dataclass(frozen=True, eq=False)
class Subject:
    """What the page is about: its name (a model's, mostly), facts about it, and the tokens it reads. `source`:
    where a model comes from; empty if there is no model. `target`: the tokens that a decoder reads beside an
    encoder's. `tokens` None: the page shows them elsewhere."""

    name: str
    facts: Sequence[str] = ()
    source: str = ""
    tokens: Tokens | None = None
    target: Tokens | None = None


@dataclass(frozen=True, eq=False)
class Heading:
    """A title, and a line about it."""

    text: str
    about: str = ""


@dataclass(frozen=True, eq=False)
class Formula:
    """A formula, what it means, and a detail. `name`: the stage that it computes, a heading where there is room
    for one."""

    formula: str
    meaning: str = ""
    detail: str = ""
    name: str = ""


@dataclass(frozen=True, eq=False)
class TokenLine:
    """Tokens in a line, each with its index. `side` says whose they are."""

    tokens: Tokens
    side: str = ""


@dataclass(frozen=True, eq=False)
class Matrix:
    """A matrix of numbers with labelled rows and columns. `values` [row, column]; `words`, if given, are shown
    before the numbers. `weights`: rows sum to one, and the largest number of a row stands out. `title` names it,
    `shape` says its axes and their sizes."""

    title: str
    shape: str
    values: Array
    rows: Sequence[str]
    columns: Sequence[str]
    words: Sequence[Sequence[str]] | None = None
    weights: bool = False

    def cell(self, row: int, column: int, precision: int) -> str:
        """A number as text, after its word if it has one."""
        text = number(float(self.values[row, column]), precision)
        return text if self.words is None else f"{visible(self.words[row][column])} {text}"

    def row_sums(self, rows: Sequence[int], precision: int) -> list[str] | None:
        """The sums of some rows of attention weights, including weights that are not shown; None for other
        matrices."""
        if not self.weights:
            return None
        return [number(float(total), precision) for total in np.sum(self.values[list(rows)], axis=-1)]


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


@dataclass(frozen=True, eq=False)
class Prose:
    """A paragraph of running text; `quiet` if it is less important than the text above it."""

    text: str
    quiet: bool = False


@dataclass(frozen=True, eq=False)
class Markdown:
    """attn's own running text, written in Markdown."""

    text: str


@dataclass(frozen=True, eq=False)
class Note:
    """A remark below what it is about."""

    text: str


def bar(fraction: float, width: int) -> str:
    """A bar that fills this fraction of `width` characters, to an eighth of a character."""
    eighths = round(min(fraction, 1.0) * width * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
