"""Curves in text that can be read without color: each curve has its letter, a capital one where a number was
measured and a small one on the straight line between two of them.

The plotext library would take 0.4 s to import, lets the last curve hide the others where they meet, and keeps its
figure in a global variable, so these lines stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from rich.console import Console
from rich.text import Text

from attncli.formula.types import Array
from attncli.render.page.blocks import QUIET, Span
from attncli.render.page.figures import Axis, Curve, Plot
from attncli.render.page.page import Options
from attncli.render.page.ticks import ticks
from attncli.render.terminal.console import put
from attncli.render.terminal.wrapping import Running, Whole

HEIGHT, WIDEST = 14, 88
SEVERAL = "*"
"""Stands where measured numbers of several curves meet."""


def show(block: Plot, console: Console, options: Options) -> None:
    """Prints the legend and the plot. A terminal without Unicode gets plain axes."""
    put(console, Running(legend(block, options)))
    for line in plot(block, console.width, console.encoding.startswith("utf")):
        put(console, Whole(Text.assemble(*((text, style or "") for text, style in line))))


def legend(block: Plot, options: Options) -> Text:
    """The letter of each curve, and what the plot shows."""
    say = options.say
    text = Text()
    for curve in block.curves:
        text.append(f"{curve.letter.upper()} {say.marked(curve.name)}", curve.style).append("  ")
    return text.append(f"{SEVERAL} {say('several')}  {say.marked(block.about)}", QUIET)


def plot(block: Plot, width: int, unicode: bool = True) -> list[list[Span]]:
    """The lines of the plot, top to bottom, at most `width` characters wide."""
    curves = [_drawable(curve, block) for curve in block.curves]
    heights = ticks(block.y, [float(y) for curve in curves for y in curve.y], HEIGHT // 2)
    bottom, top = heights.first, heights.last

    def row(y: float) -> int:
        return round((top - y) / (top - bottom) * (HEIGHT - 1))

    labels = {row(y): name for y, name in heights.named}
    margin = max(map(len, labels.values()))
    columns = min(width, WIDEST) - margin - 2
    x = np.concatenate([block.x.coordinates(curve.x) for curve in block.curves])
    first, last = float(x.min()), float(x.max())

    def column(x: Array) -> Array:
        return np.rint((x - first) / max(last - first, 1e-9) * (columns - 1))

    cells: list[list[Span]] = [[(" ", None)] * columns for _ in range(HEIGHT)]
    for curve in curves:
        for index, y, is_measured in _drawn(column(curve.x), curve.y):
            cells[row(y)][index] = _over(cells[row(y)][index], curve, is_measured)
    wall, corner, floor = "│└─" if unicode else "|+-"
    lines = [[(f"{labels.get(row, ''):>{margin}} {wall}", QUIET), *line] for row, line in enumerate(cells)]
    lines.append([(" " * (margin + 1) + corner + floor * columns, QUIET)])
    marks = [(int(column(position)), name) for position, name in _marks(block.x, x)]
    return [*lines, [(" " * (margin + 2) + _spread(marks, columns), QUIET)]]


def _drawable(curve: Curve, block: Plot) -> Curve:
    """A curve as coordinates, without the points that have none."""
    x, y = block.x.coordinates(curve.x), block.y.coordinates(curve.y)
    kept = np.isfinite(y)
    return replace(curve, x=x[kept], y=y[kept])


def _marks(axis: Axis, x: Array) -> list[tuple[Array, str]]:
    """The marks below the plot: those of the axis, or the ticks between its ends."""
    if axis.marks:
        return [(axis.coordinates(np.asarray(value)), name) for value, name in axis.marks]
    first, last = float(x.min()), float(x.max())
    named = ticks(axis, [first, last], HEIGHT // 2).named
    return [(np.asarray(tick), name) for tick, name in named if first <= tick <= last]


def _drawn(columns: Array, y: Array) -> Iterator[tuple[int, float, bool]]:
    """Column, height, and whether the number was measured. Numbers in one column are drawn as their mean; columns
    without any lie on the line between their neighbors."""
    measured = sorted({int(column) for column in columns})
    means = [float(y[columns == column].mean()) for column in measured]
    for column in range(measured[0], measured[-1] + 1) if measured else ():
        yield column, float(np.interp(column, measured, means)), column in measured


def _over(cell: Span, curve: Curve, is_measured: bool) -> Span:
    """The character where a curve comes to one that another may have drawn: measured numbers win over lines."""
    if not is_measured:
        return cell if cell[0] != " " else (curve.letter.lower(), curve.style)
    taken = cell[0] == SEVERAL or cell[0].isupper()
    return (SEVERAL, "bold") if taken else (curve.letter.upper(), f"bold {curve.style}")


def _spread(names: Sequence[tuple[int, str]], columns: int) -> str:
    """Names below their columns, without those that have no room. The first and the last are always there."""
    line = [" "] * columns
    for column, name in [names[0], names[-1], *names] if names else []:
        start = min(max(0, column - (len(name) - 1) // 2), max(0, columns - len(name)))
        if all(char == " " for char in line[max(0, start - 1) : start + len(name) + 1]):
            line[start : start + len(name)] = name
    return "".join(line).rstrip()
