"""Tables of numbers: columns that do not fit beside each other go into further tables below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rich.console import Console

from attncli.render.page.blocks import STRONG
from attncli.render.page.cells import cell_len, right
from attncli.render.page.figures import NEGATIVE, POSITIVE, Bars, Column, Item, Table
from attncli.render.page.page import Options
from attncli.render.terminal.console import put
from attncli.render.terminal.frame import FRAME, Frame, framed
from attncli.render.terminal.grid import LABEL_WIDTH
from attncli.render.terminal.styles import STYLES

LONGEST_BAR, SHORTEST_BAR = 16, 4
"""Widths of the longest bar. Where there is less room than for the shortest, there are no bars."""
LEAST_LABEL = 6


def show(table: Table, console: Console, options: Options) -> None:
    """Prints a table whose columns, other than the first, are numbers. Numbers are never cut: where a column is
    wider than the terminal, so is the table."""
    labels, *numbers = (_translated(column, options) for column in table.columns)
    for frame in _tables(table, labels, numbers, console.width):
        put(console, frame)


def _translated(column: Column, options: Options) -> Column:
    marked = options.say.marked
    return replace(column, title=marked(column.title), cells=[marked(cell) for cell in column.cells])


def _tables(table: Table, labels: Column, numbers: Sequence[Column], width: int) -> Iterator[Frame]:
    """As many tables, one below the other, as the columns need. The bars are beside the last."""
    label_width = min(_width(labels), LABEL_WIDTH, max(width // 3, LEAST_LABEL))
    room = width - FRAME - label_width
    tables, space = _split(numbers, room, 0 if table.bars is None else SHORTEST_BAR + 2)
    for columns in tables:
        used = _span([columns], space)
        bar_width = min(LONGEST_BAR, room - used - 2)
        bars = table.bars if columns is tables[-1] and bar_width >= SHORTEST_BAR else None
        yield _table(table, labels, label_width, _Numbers(columns, space, bars, bar_width))


@dataclass(frozen=True)
class _Numbers:
    """The columns of one table, how far apart they stand, and the bars beside them."""

    columns: Sequence[Column]
    space: int
    bars: Bars | None
    bar_width: int

    @property
    def width(self) -> int:
        return _span([self.columns], self.space) + (0 if self.bars is None else 2 + self.bar_width)

    @property
    def header(self) -> str:
        return (" " * self.space).join(right(column.title, _width(column)) for column in self.columns)

    def lines(self, table: Table) -> list[Item]:
        """Each row's numbers, then its bar."""
        count, between = len(table.columns[0].cells), " " * self.space
        drawn = [("", False)] * count if self.bars is None else self.bars.drawn(self.bar_width)
        lines = []
        for row, (bar, negative) in enumerate(drawn):
            line: Item = []
            for position, column in enumerate(self.columns):
                cell = column.cells[row]
                text = between * (position > 0) + right(cell, _width(column))
                line.append((text, STYLES.get(cell) or (STRONG if row == table.strong else None)))
            lines.append([*line, ("  " + bar, NEGATIVE if negative else POSITIVE)] if bar else line)
        return lines


def _table(table: Table, labels: Column, label_width: int, numbers: _Numbers) -> Frame:
    lines = numbers.lines(table)
    sections = [slice(0, len(lines) - table.totals), slice(len(lines) - table.totals, None)]
    return framed(
        [labels.cells[rows] for rows in sections], label_width, [lines[rows] for rows in sections], numbers.width,
        labels.title, numbers.header,
    )  # fmt: skip


def _split(columns: Sequence[Column], room: int, bars: int) -> tuple[list[list[Column]], int]:
    """The columns of each table, and how far apart they stand. All go into one table if possible, if necessary
    without the spare ones. `bars`: the room that bars take beside the last column."""
    for beside in (bars, 0):
        groups = _groups(columns)
        while _span(groups, 2) + beside > room and (spare := [group for group in groups if group[0].spare]):
            groups.remove(spare[-1])
        for space in (2, 1):
            if _span(groups, space) + beside <= room:
                return [[column for group in groups for column in group]], space
    tables: list[list[list[Column]]] = [[]]
    for group in groups:
        if tables[-1] and _span([*tables[-1], group], 2) > room:
            tables.append([])
        tables[-1].append(group)
    return [[column for group in table for column in group] for table in tables], 2


def _groups(columns: Sequence[Column]) -> list[list[Column]]:
    """Each column with those that must stay beside it."""
    groups: list[list[Column]] = []
    for column in columns:
        if column.joined and groups:
            groups[-1].append(column)
        else:
            groups.append([column])
    return groups


def _span(groups: Sequence[Sequence[Column]], space: int) -> int:
    """How wide columns are beside each other."""
    widths = [_width(column) for group in groups for column in group]
    return sum(widths) + space * (len(widths) - 1)


def _width(column: Column) -> int:
    return max(map(cell_len, [column.title, *column.cells]))
