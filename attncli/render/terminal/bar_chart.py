"""A bar for each row of numbers, to the right or the left of a zero line."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from attncli.render.page.cells import cell_len, right
from attncli.render.page.figures import BarChart, bar
from attncli.render.page.page import Options
from attncli.render.terminal.console import put
from attncli.render.terminal.styles import HEAD
from attncli.render.terminal.wrapping import Whole

SHORTEST = 8
"""How wide the longest bar is at least."""


def show(chart: BarChart, console: Console, options: Options) -> None:
    """Prints the titles, and a line for each row: its numbers, then its bar."""
    titles = [options.say.marked(column.title) for column in chart.columns]
    rows = list(zip(*(column.cells for column in chart.columns), strict=True))
    widths = [max(map(cell_len, column)) for column in zip(titles, *rows, strict=True)]
    room = max(console.width - sum(widths) - 2 * len(widths), SHORTEST)
    low, high = min(0.0, *chart.values), max(0.0, *chart.values)
    scale = room / ((high - low) or 1)
    zero = round(-low * scale)
    put(console, Whole(Text(_aligned(titles, widths), HEAD)))
    for row, value in zip(rows, chart.values, strict=True):
        line = Text.assemble(_aligned(row, widths), ("  " + _bar(value * scale, zero, room), HEAD))
        put(console, Whole(line))


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(right(cell, width) for cell, width in zip(cells, widths, strict=True))


def _bar(length: float, zero: int, room: int) -> str:
    """A bar of `length` characters: to the right of column `zero`, or to the left of it where it is negative. To
    the left it has whole characters only, since blocks are filled from the left."""
    if length < 0:
        whole = min(round(-length), zero)
        return " " * (zero - whole) + "█" * whole
    return " " * zero + bar(length / room, room)
