"""A matrix as a Rich table that fits the terminal.

All its numbers are one Rich cell of many lines, whose width is known: a cell for each number would take seconds
where a matrix is shown in full, and measuring and wrapping text longer than computing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, product

import numpy as np
from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Table

from attncli.language import Say
from attncli.render.page.blocks import Matrix
from attncli.render.page.choosing import middle_out
from attncli.render.page.line_breaks import fit
from attncli.render.page.page import Options
from attncli.render.terminal.styles import HEAD, QUIET, STRONG, STYLES

LABEL_WIDTH = 18
COLUMN_LABEL_WIDTH = 12
ROWS = 40
FRAME = 7  # the borders and the padding of the two Rich columns


def grid(matrix: Matrix, width: int, options: Options) -> Table:
    """A matrix in a frame that fits `width`; if the matrix does not fit, its middle is left out, with the
    count."""
    height = matrix.values.shape[0]
    rows, rows_left_out = (list(range(height)), 0) if options.full else middle_out(height, ROWS, spare=1)
    gap = (len(rows) + 1) // 2 if rows_left_out else None
    labels = [fit(matrix.rows[r], min(LABEL_WIDTH, width // 3)) for r in rows]
    sums = matrix.row_sums(rows, options.precision)
    if gap is not None:
        labels.insert(gap, f"⋮ {rows_left_out}")
    label_width = max(map(cell_len, labels))
    sum_width = 0 if sums is None else max(map(len, sums)) + 3
    columns = _layout(matrix, rows, options, width - label_width - sum_width - FRAME)

    numbers = _numbers(matrix, columns, rows, gap, options.say)
    table = Table(box=box.ROUNDED, border_style=QUIET, header_style=HEAD, padding=0)
    table.add_column(width=label_width + 2, style=HEAD)
    table.add_column(Block([[(columns.header, None)]]), width=columns.width + 2)
    cells = [Block([[(label, None)] for label in labels]), Block(numbers)]
    if sums is not None:
        table.add_column(Block([[("Σ".rjust(sum_width - 3), None)]]), width=sum_width - 1, style=QUIET)
        if gap is not None:
            sums.insert(gap, "")
        cells.append(Block([[(total.rjust(sum_width - 3), None)] for total in sums]))
    table.add_row(*cells)
    return table


def table_width(table: Table) -> int:
    """How wide a grid is, its frame included."""
    return sum((column.width or 0) + 1 for column in table.columns) + 1


Line = list[tuple[str, str | None]]
"""Pieces of text, each with its style."""


@dataclass(frozen=True)
class Block:
    """Lines of text, a space before each, as Rich writes them: nothing to measure, nothing to wrap."""

    lines: Sequence[Line]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines:
            yield Segment(" ")
            for text, style in line:
                yield Segment(text, None if style is None else console.get_style(style))
            yield Segment.line()


@dataclass(frozen=True)
class _Column:
    """A column that is shown: its label, its numbers as text, and how wide they are."""

    index: int
    label: str
    cells: Sequence[str]
    width: int


@dataclass(frozen=True)
class _Columns:
    """The columns that are shown, how far apart, and how many are left out in the middle."""

    shown: Sequence[_Column]
    space: int
    left_out: int
    left: bool  # words before numbers line up on the left
    count: str  # the phrase for the {count} of columns left out

    @property
    def width(self) -> int:
        gap = [cell_len(self.marker)] if self.left_out else []
        widths = [c.width for c in self.shown] + gap
        return sum(widths) + self.space * (len(widths) - 1)

    @property
    def header(self) -> str:
        return self.line([c.label for c in self.shown], self.marker)

    @property
    def marker(self) -> str:
        """What the columns that are left out are replaced by."""
        return self.count.format(count=self.left_out)

    @property
    def gap(self) -> int | None:
        return (len(self.shown) + 1) // 2 if self.left_out else None

    @property
    def starts(self) -> list[int]:
        """Where the numbers of each column start in a line: all before them are one cell wide."""
        widths = [c.width for c in self.shown]
        if self.gap is not None:
            widths.insert(self.gap, cell_len(self.marker))
        starts = list(accumulate((width + self.space for width in widths), initial=0))[:-1]
        if self.gap is not None:
            del starts[self.gap]
        return starts

    def line(self, cells: Sequence[str], marker: str) -> str:
        """Cells side by side, each in its width."""
        padded = [self._pad(cell, c.width) for cell, c in zip(cells, self.shown, strict=True)]
        if self.gap is not None:
            padded.insert(self.gap, marker)
        return (" " * self.space).join(padded)

    def _pad(self, cell: str, width: int) -> str:
        if cell.isascii() and len(cell) <= width:
            return cell.ljust(width) if self.left else cell.rjust(width)
        fitted = fit(cell, width)
        blank = " " * (width - cell_len(fitted))
        return fitted + blank if self.left else blank + fitted


def _numbers(matrix: Matrix, columns: _Columns, rows: Sequence[int], gap: int | None, say: Say) -> list[Line]:
    """The rows that are shown. What is masked or exactly zero is dim, what is not a number red, and of attention
    weights the largest of a row bold."""
    marker = "⋯".center(cell_len(columns.marker))
    starts = columns.starts
    bold = matrix.weights and len(matrix.values) > 1
    lines: list[Line] = []
    for position, row in enumerate(rows):
        cells = [c.cells[position] for c in columns.shown]
        line = columns.line(cells, marker)
        largest = int(np.argmax(matrix.values[row])) if bold else -1
        styles = [
            STRONG if c.index == largest else STYLES.get(cell)
            for c, cell in zip(columns.shown, cells, strict=True)
        ]
        lines.append([(line, None)] if not any(styles) else _styled(line, styles, starts))
    if gap is not None:
        lines.insert(gap, [(fit(say("rows more"), columns.width), QUIET)])
    return lines


def _styled(line: str, styles: Sequence[str | None], starts: Sequence[int]) -> Line:
    """The line in pieces, one for each run of numbers of one style."""
    run_starts = [next(run) for _, run in groupby(range(len(styles)), key=styles.__getitem__)]
    cuts = [0, *(starts[start] for start in run_starts[1:]), len(line)]
    return [(line[cuts[i] : cuts[i + 1]], styles[start]) for i, start in enumerate(run_starts)]


def _layout(matrix: Matrix, rows: Sequence[int], options: Options, room: int) -> _Columns:
    """The widest choice of first and last columns that fits the room; all of them for --full."""
    count = matrix.values.shape[1]
    left = matrix.words is not None

    def column(index: int) -> _Column:
        label = matrix.columns[index]
        cells = [matrix.cell(r, index, options.precision) for r in rows]
        widths = map(cell_len if left else len, cells)
        return _Column(index, label, cells, max(min(cell_len(label), COLUMN_LABEL_WIDTH), *widths))

    if options.full:
        return _Columns([column(c) for c in range(count)], 2, 0, left, "")
    markers = "⋯ " + options.say("{count} more"), "⋯{count}"
    candidates: dict[int, _Column] = {}
    for step in range(count):  # from both ends towards the middle, until they no longer fit
        index = step // 2 if step % 2 == 0 else count - 1 - step // 2
        candidates[index] = column(index)
        if sum(c.width for c in candidates.values()) + len(candidates) - 1 > room:
            break
    for marker, number, space in product(markers, range(len(candidates), 0, -1), (2, 1)):
        chosen, left_out = middle_out(count, number)
        if all(c in candidates for c in chosen):
            columns = _Columns([candidates[c] for c in chosen], space, left_out, left, marker)
            if columns.width <= room:
                return columns
    return _Columns([candidates[0]], 1, count - 1, left, markers[-1])  # wider than the terminal, but whole
