"""Which columns of a matrix a terminal shows, how wide each is, and what stands for the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, product
from typing import TypeVar

import numpy as np

from attncli.formula.types import Array
from attncli.render.page.blocks import Matrix
from attncli.render.page.cells import cell_len, fit, left, right
from attncli.render.page.choosing import gaps, middle_out
from attncli.render.page.page import Options

T = TypeVar("T")
LABEL_WIDTH, SHORT_LABEL = 12, 6
"""The widest label of a column, and how far it may be cut so that every key fits."""
FEW = 4
"""Labels are cut where fewer keys would be shown otherwise."""
NARROWEST = 3
"""Hardly a column of numbers is narrower."""
FEWEST_DIGITS = 2
"""How few digits after the point may be shown so that every key fits; of weights, which are less than 1, one
more."""
GAP = "⋯"


@dataclass(frozen=True)
class ShownColumn:
    """A column that is shown: its label, its numbers as text, and how wide they are."""

    index: int
    label: str
    cells: Sequence[str]
    width: int


@dataclass(frozen=True)
class Columns:
    """The columns that are shown and how far apart. `gaps`: what stands for columns that are left out, by the
    number of shown columns before it. `remark`: what the reader should know of the choice."""

    shown: Sequence[ShownColumn]
    space: int
    left: bool  # words before numbers line up on the left
    gaps: Mapping[int, str]
    remark: str = ""

    @cached_property
    def width(self) -> int:
        widths = [c.width for c in self.shown] + [cell_len(gap) for gap in self.gaps.values()]
        return sum(widths) + self.space * (len(widths) - 1)

    @property
    def header(self) -> str:
        return self._joined([self._padded(c.label, c.width) for c in self.shown], self.gaps)

    @cached_property
    def starts(self) -> list[int]:
        """Where the numbers of each column start in a line: all before them are one cell wide."""
        parts = _with_gaps([c.width for c in self.shown], {n: cell_len(gap) for n, gap in self.gaps.items()})
        starts = list(accumulate((width + self.space for width in parts), initial=0))[:-1]
        gaps = {n + before for before, n in enumerate(sorted(self.gaps))}
        return [start for part, start in enumerate(starts) if part not in gaps]

    def line(self, cells: Sequence[str]) -> str:
        """Cells side by side, each in its width."""
        padded = [self._padded(cell, c.width) for cell, c in zip(cells, self.shown, strict=True)]
        return self._joined(padded, self._marks)

    @cached_property
    def _marks(self) -> dict[int, str]:
        return {n: GAP.center(cell_len(gap)) for n, gap in self.gaps.items()}

    def _joined(self, parts: Sequence[str], gaps: Mapping[int, str]) -> str:
        return (" " * self.space).join(_with_gaps(parts, gaps))

    def _padded(self, cell: str, width: int) -> str:
        if cell.isascii() and len(cell) <= width:
            return cell.ljust(width) if self.left else cell.rjust(width)
        fitted = fit(cell, width)
        return left(fitted, width) if self.left else right(fitted, width)


def laid_out(matrix: Matrix, rows: Sequence[int], options: Options, room: int) -> Columns:
    """The columns that fit the room: all of them if possible. Else those that matter most, in their order, where
    the matrix says which, or the first and the last ones. All of them for --full."""
    table = _Table(matrix, rows, options)
    count = matrix.values.shape[1]
    if options.full:
        return table.columns(range(count), options.precision, LABEL_WIDTH, 2)
    if matrix.importance is None:
        return _first_and_last(table, count, options, room)
    return _all(table, count, options, room) or _most_important(table, matrix.importance(rows), options, room)


@dataclass(frozen=True)
class _Table:
    """A matrix, the rows of it that are shown, and how."""

    matrix: Matrix
    rows: Sequence[int]
    options: Options

    def column(self, index: int, digits: int, label_width: int) -> ShownColumn:
        label = self.matrix.columns[index]
        cells = [self.matrix.cell(r, index, digits) for r in self.rows]
        widths = map(len if self.matrix.words is None else cell_len, cells)
        return ShownColumn(index, label, cells, max(min(cell_len(label), label_width), *widths))

    def columns(self, indices: Sequence[int], digits: int, label_width: int, space: int) -> Columns:
        """These columns, with a mark wherever some are left out."""
        shown = [self.column(index, digits, label_width) for index in indices]
        return self.beside(shown, space)

    def beside(self, shown: Sequence[ShownColumn], space: int) -> Columns:
        left_out = gaps([column.index for column in shown], self.matrix.values.shape[1])
        return Columns(shown, space, self.matrix.words is not None, dict.fromkeys(left_out, GAP))


def _all(table: _Table, count: int, options: Options, room: int) -> Columns | None:
    """Every column: close together, then with shorter labels, then with fewer digits if nobody asked for their
    number; None where even that does not fit."""
    if count * (NARROWEST + 1) - 1 > room:
        return None
    wanted = options.precision
    fewest = wanted if options.exact else FEWEST_DIGITS + table.matrix.weights
    for digits, label_width, space in (
        (wanted, LABEL_WIDTH, 2), (wanted, LABEL_WIDTH, 1), (wanted, SHORT_LABEL, 1),
        *((digits, SHORT_LABEL, 1) for digits in range(wanted - 1, fewest - 1, -1)),
    ):  # fmt: skip
        columns = table.columns(range(count), digits, label_width, space)
        if columns.width <= room:
            if digits == wanted:
                return columns
            remark = options.say(
                "{digits} digits after the point, so that every key fits: --precision {wanted} shows {wanted}",
                digits=digits,
                wanted=wanted,
            )
            return replace(columns, remark=remark)
    return None


def _most_important(table: _Table, importance: Array, options: Options, room: int) -> Columns:
    """As many as fit of the columns that matter most, at least one, in their order. `importance` [column]."""
    order = np.argsort(-importance, kind="stable").tolist()
    best = table.columns(order[:1], options.precision, SHORT_LABEL, 1)
    for label_width, space in ((LABEL_WIDTH, 2), (LABEL_WIDTH, 1), (SHORT_LABEL, 1)):
        if label_width < LABEL_WIDTH and len(best.shown) >= FEW:
            break
        chosen: list[ShownColumn] = []
        for index in order:
            chosen.append(table.column(index, options.precision, label_width))
            if sum(c.width + space for c in chosen) - space > room:
                break
            columns = table.beside(sorted(chosen, key=lambda c: c.index), space)
            if columns.width <= room and len(columns.shown) > len(best.shown):
                best = columns
    remark = options.say(
        "{shown} of {count} keys, those with the most weight; --full shows all",
        shown=len(best.shown),
        count=len(order),
    )
    return replace(best, remark=remark)


def _first_and_last(table: _Table, count: int, options: Options, room: int) -> Columns:
    """The widest choice of first and last columns."""
    candidates: dict[int, ShownColumn] = {}
    for step in range(count):  # from both ends towards the middle, until they no longer fit
        index = step // 2 if step % 2 == 0 else count - 1 - step // 2
        candidates[index] = table.column(index, options.precision, LABEL_WIDTH)
        if sum(c.width for c in candidates.values()) + len(candidates) - 1 > room:
            break
    for marker, number, space in product(
        (f"{GAP} {{more}}", f"{GAP}{{count}}"), range(len(candidates), 0, -1), (2, 1)
    ):
        chosen, left_out = middle_out(count, number)
        if all(c in candidates for c in chosen):
            columns = table.beside([candidates[c] for c in chosen], space)
            more = marker.format(more=options.say("{count} more", count=left_out), count=left_out)
            columns = replace(columns, gaps=dict.fromkeys(columns.gaps, more))
            if columns.width <= room:
                return columns
    columns = table.beside([candidates[0]], 1)  # wider than the terminal, but whole
    return replace(columns, gaps=dict.fromkeys(columns.gaps, f"{GAP}{count - 1}"))


def _with_gaps(parts: Sequence[T], gaps: Mapping[int, T]) -> list[T]:
    """The parts, and what stands for those that are left out, each after as many parts as its number says."""
    whole = list(parts)
    for number in sorted(gaps, reverse=True):
        whole.insert(number, gaps[number])
    return whole
