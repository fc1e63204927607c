"""Tables and bar charts on a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from attncli.render.page.cells import cell_len
from attncli.render.page.figures import BarChart, Bars, Column, Table
from attncli.render.page.page import Options
from attncli.render.page.text import shown
from attncli.render.pictures.drawing import (
    BOLD,
    EDGE,
    FONT,
    GLYPH,
    GREEN,
    LEADING,
    PLAIN,
    QUIET,
    RED,
    Box,
    Drawing,
    Line,
    Look,
    Words,
    wrapped,
)

BETWEEN = 2.5 * GLYPH
"""The space between two columns."""
SPECIAL = {"-inf": QUIET, "nan": Look(RED, True)}
"""Masked keys are faint, NaN stands out."""
BAR, CHART = 160, 280
"""The length of the longest bar beside a row, and of both sides of a bar chart together."""
WORDS = 24
"""The fewest characters of a column of words that must be broken into lines."""


def draw_table(sheet: Drawing, table: Table, options: Options) -> None:
    """Adds a table: titles above a line, then rows; bars to the right, sums below a line."""
    columns = _columns(table.columns, options)
    widths = _widths(columns, sheet.characters)
    starts = _starts(widths)
    right = starts[-1] + widths[-1] * GLYPH
    if table.header and any(column.title for column in columns):
        titles = [wrapped(column.title, width) for column, width in zip(columns, widths, strict=True)]
        _row(sheet, columns, titles, starts, widths, [QUIET] * len(columns))
        sheet.line(Line([(EDGE, sheet.height + 2), (right, sheet.height + 2)]))
        sheet.height += 4
    count = len(columns[0].cells) if columns else 0
    for row in range(count):
        if table.totals and row == count - table.totals:
            sheet.line(Line([(EDGE, sheet.height + 2), (right, sheet.height + 2)]))
            sheet.height += 4
        cells = [wrapped(column.cells[row], width) for column, width in zip(columns, widths, strict=True)]
        looks = [
            BOLD if row == table.strong or (row, index) in table.bold else SPECIAL.get(column.cells[row], PLAIN)
            for index, column in enumerate(columns)
        ]
        top = sheet.height
        _row(sheet, columns, cells, starts, widths, looks)
        if table.bars is not None and row < len(table.bars.values):
            _bar(sheet, table.bars, row, right + BETWEEN, top)


def _columns(columns: Sequence[Column], options: Options) -> list[Column]:
    """The columns with their texts as they are shown."""
    say = options.say
    return [Column(shown(c.title, say), [shown(cell, say) for cell in c.cells], c.kind) for c in columns]


def _widths(columns: Sequence[Column], room: int) -> list[int]:
    """The characters of each column. Where all do not fit into a line of `room`, columns of words are
    broken, and titles."""
    needed = [max(map(cell_len, (*column.cells, column.title)), default=1) for column in columns]
    over = sum(needed) + 3 * len(needed) - room
    if over <= 0:
        return needed
    for index, column in enumerate(columns):
        if column.kind == "number":
            least = max((max(map(cell_len, word.split(" "))) for word in [column.title] if word), default=1)
            needed[index] = max(least, max(map(cell_len, column.cells), default=1))
    over = sum(needed) + 3 * len(needed) - room
    words = [index for index, column in enumerate(columns) if column.kind == "words"]
    for index in sorted(words, key=lambda p: -needed[p]):
        cut = min(max(needed[index] - WORDS, 0), max(over, 0))
        needed[index], over = needed[index] - cut, over - cut
    return needed


def _starts(widths: Sequence[int]) -> list[float]:
    """Where each column begins."""
    starts, x = [], float(EDGE)
    for width in widths:
        starts.append(x)
        x += width * GLYPH + BETWEEN
    return starts


def _row(
    sheet: Drawing,
    columns: Sequence[Column],
    cells: Sequence[Sequence[str]],
    starts: Sequence[float],
    widths: Sequence[int],
    looks: Sequence[Look],
) -> None:
    """Adds a row of cells, each in as many lines as it needs; numbers flush right."""
    for column, lines, start, width, look in zip(columns, cells, starts, widths, looks, strict=True):
        for index, line in enumerate(lines):
            y = sheet.height + (index + 1) * LEADING - 0.3 * FONT
            flush = column.kind == "number"
            x = start + width * GLYPH if flush else start
            sheet.put(Words(x, y, line, "end" if flush else "start", look))
            sheet.width = max(sheet.width, start + width * GLYPH + EDGE)
    sheet.height += max((len(lines) for lines in cells), default=1) * LEADING


def _bar(sheet: Drawing, bars: Bars, row: int, x: float, top: float) -> None:
    """Adds the bar of a row, after its sign where it has one."""
    value = bars.values[row]
    if not value or not isfinite(value):
        return
    full = bars.full or max((abs(v) for v in bars.values if v and isfinite(v)), default=1.0)
    if bars.signed:
        sheet.put(Words(x, top + LEADING - 0.3 * FONT, "+" if value > 0 else "−"))
        x += 1.5 * GLYPH
    length = min(abs(value) / full, 1.0) * BAR
    sheet.box(Box(x, top + 4, max(length, 0.5), LEADING - 6, RED if value < 0 else GREEN))


def draw_bar_chart(sheet: Drawing, chart: BarChart, options: Options) -> None:
    """Adds a bar for each row beside its numbers; bars of negative numbers run to the left of a zero line."""
    columns = _columns(chart.columns, options)
    widths = _widths(columns, sheet.characters)
    starts = _starts(widths)
    left = starts[-1] + widths[-1] * GLYPH + BETWEEN
    finite = [value for value in chart.values if isfinite(value)]
    low, high = min([0.0, *finite]), max([0.0, *finite])
    unit = CHART / ((high - low) or 1.0)
    zero = left - low * unit
    titles = [wrapped(column.title, width) for column, width in zip(columns, widths, strict=True)]
    if any(column.title for column in columns):
        _row(sheet, columns, titles, starts, widths, [QUIET] * len(columns))
    top = sheet.height
    for row, value in enumerate(chart.values):
        cells = [wrapped(column.cells[row], width) for column, width in zip(columns, widths, strict=True)]
        y = sheet.height
        _row(sheet, columns, cells, starts, widths, [PLAIN] * len(columns))
        if isfinite(value):
            begin, end = sorted((zero, zero + value * unit))
            sheet.box(Box(begin, y + 4, max(end - begin, 0.5), LEADING - 6, RED if value < 0 else GREEN))
    sheet.line(Line([(zero, top), (zero, sheet.height + 2)]))
    sheet.width = max(sheet.width, left + CHART + EDGE)
