"""One matrix as a picture of characters: cells in the colors of the terminal, labels along two sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest

import numpy as np

from attncli.formula.pooling import Side, step
from attncli.formula.types import Array
from attncli.language import Say
from attncli.render.page.cells import cell_len, clusters, fit
from attncli.render.page.levels import levels, scale_number
from attncli.render.terminal.ink import Ink, enlarged, painted

LABEL_WIDTH = 18
LABEL_HEIGHT = 12
LARGEST = 3
"""The most lines for a row of cells: a small matrix need not fill the screen."""
BAR, MANY = 32, 16
"""The width of a scale's bar, and the fewest steps for a bar: fewer steps are shown one by one."""
FEWEST = 8
"""The fewest cells along a side, however narrow the window."""


@dataclass(frozen=True)
class Layout:
    """How a matrix is drawn: its sides, pooled to fit, how many characters wide and lines high a cell is, and
    whether it is half a line high."""

    rows: Side
    columns: Side
    wide: int
    high: int
    half: bool
    label: int = LABEL_WIDTH

    @cached_property
    def spills(self) -> bool:
        """Whether a character of a column's name is wider than the column."""
        names = self.columns.names if self.columns.step == 1 else None
        return self.wide == 1 and any(cell_len(name) > len(clusters(name)) for name in names or ())

    @property
    def width(self) -> int:
        """How wide the whole drawing is."""
        return self.margin + self.columns.size * self.wide + self.spills

    @cached_property
    def margin(self) -> int:
        """How wide the labels of the rows are."""
        return max(map(cell_len, _beside(self))) + 1


def laid_out(rows: Side, columns: Side, width: int, height: int, ink: Ink, full: bool = False) -> Layout:
    """The largest drawing of cells that are about square that fits the width and the height, the sides pooled
    where none does; `full`: not pooled, however large."""
    label = min(LABEL_WIDTH, max(width // 4, 6))
    for high in range(LARGEST, 0, -1):
        layout = Layout(rows, columns, 2 * high, high, False, label)
        if _fits(layout, width, height):
            return layout
    layout = Layout(rows, columns, 1, 1, ink.half, label)
    while not (full or _fits(layout, width, height)):
        room = (
            max(width - layout.margin - layout.spills, FEWEST),
            max(_lines(layout, height), FEWEST) * (2 if ink.half else 1),
        )
        pooled = replace(
            layout,
            rows=replace(rows, step=max(step(len(rows.indices), room[1]), layout.rows.step)),
            columns=replace(columns, step=max(step(len(columns.indices), room[0]), layout.columns.step)),
        )
        if pooled == layout:  # a window narrower than the labels: they are cut
            break
        layout = pooled
    return layout


def _fits(layout: Layout, width: int, height: int) -> bool:
    lines = -(-layout.rows.size // 2) if layout.half else layout.rows.size * layout.high
    return layout.width <= width and lines <= _lines(layout, height)


def _lines(layout: Layout, height: int) -> int:
    """How many lines there are for the cells."""
    return height - len(header(layout))


def heatmap(values: Array, limits: tuple[float, float], layout: Layout, ink: Ink) -> list[str]:
    """The lines of a pooled matrix [row, column]: the labels of the columns, then each line of cells after that of
    its rows."""
    cells, over = levels(values, limits, ink.steps), header(layout)
    if not layout.half:
        cells = enlarged(cells, layout.high, layout.wide)
    drawn = [*over, *painted(cells, replace(ink, half=layout.half))]
    labels = [""] * len(drawn)
    for row, label in enumerate(_beside(layout)):
        labels[len(over) + row * layout.high + (layout.high - 1) // 2] = label
    lines = [a + " " * (layout.margin - cell_len(a)) + b for a, b in zip(labels, drawn, strict=True)]
    return lines if ink.colored else [line.rstrip(" ") for line in lines]


def _beside(layout: Layout) -> list[str]:
    """The labels of the rows, one for each line of cells; two labels side by side if a line holds two rows."""
    labels = along(layout.rows, layout.label // 2 if layout.half else layout.label)
    if not layout.half:
        return labels
    wide = max(map(cell_len, labels))
    return [
        a + " " * (wide - cell_len(a)) + " " + b for a, b in zip_longest(labels[0::2], labels[1::2], fillvalue="")
    ]


def along(side: Side, width: int) -> list[str]:
    """The labels of the rows: the index and the name of each; the index of the first of those that are pooled."""
    digits = len(str(side.indices[-1]))
    indices = [f"{side.indices[block[0]]:>{digits}}" for block in side.blocks]
    if side.names is None or side.step > 1:
        return indices
    room = max(width - digits - 1, 1)
    return [f"{index} {fit(name, room)}" for index, name in zip(indices, side.names, strict=True)]


def header(layout: Layout) -> list[str]:
    """The labels of the columns. Names are side by side if there is room, otherwise vertical; if a column is
    narrower than a wide character, every second one has a name. Without names, some columns have indices."""
    side = layout.columns
    if side.names is None or side.step > 1:
        return _ticks([side.indices[block[0]] for block in side.blocks], layout.wide)
    if max(map(cell_len, side.names)) < layout.wide:
        return ["".join(name + " " * (layout.wide - cell_len(name)) for name in side.names).rstrip()]
    stacks = [clusters(fit(name, LABEL_HEIGHT)) for name in side.names]
    if layout.spills:
        stacks = [stack if index % 2 == 0 else [] for index, stack in enumerate(stacks)]
    return _stacked(stacks, layout.wide)


def _ticks(indices: Sequence[int], wide: int) -> list[str]:
    """Indices above columns at equal distances, from the first one on, each with a stroke to its column."""
    apart = -(-(len(str(max(indices))) + 1) // wide)  # in columns
    apart = next(n for n in (1, 2, 5, 10) if n >= min(apart, 10))
    numbers = strokes = ""
    for index in range(0, len(indices), apart):
        numbers = numbers.ljust(index * wide) + str(indices[index])
        strokes = strokes.ljust(index * wide) + "╷"
    return [numbers, strokes]


def _stacked(stacks: Sequence[Sequence[str]], wide: int) -> list[str]:
    """Vertical labels, aligned at the bottom, `wide` cells apart."""
    lines = []
    for back in range(max(map(len, stacks)), 0, -1):
        line, used = "", 0
        for index, stack in enumerate(stacks):
            if len(stack) >= back:
                line += " " * (index * wide - used) + stack[-back]
                used = index * wide + cell_len(stack[-back])
        lines.append(line)
    return lines


def scale_lines(limits: tuple[float, float], ink: Ink, width: int, say: Say) -> list[str]:
    """The scale with its numbers: a bar of colors over some of them, or each step with its first and last."""
    if ink.steps < MANY:
        return _steps(limits, ink, width, say)
    wide = min(BAR, width)
    bar = np.linspace(0, ink.steps - 1, wide).astype(np.int16)[None]
    return [*painted(bar, replace(ink, half=False)), _numbers(limits, wide)]


def _numbers(limits: tuple[float, float], wide: int) -> str:
    """The numbers of five places along a bar, the inner ones where they touch no other."""
    numbers = [scale_number(x) for x in np.linspace(*limits, 5)]
    starts = [round(index * (wide - 1) / 4 - len(number) / 2) for index, number in enumerate(numbers)]
    starts[0], starts[-1] = 0, wide - len(numbers[-1])
    text = numbers[0]
    for index in (1, 2, 3):
        if len(text) < starts[index] and starts[index] + len(numbers[index]) < starts[-1]:
            text = text.ljust(starts[index]) + numbers[index]
    return text.ljust(max(starts[-1], len(text) + 1)) + numbers[-1]


def _steps(limits: tuple[float, float], ink: Ink, width: int, say: Say) -> list[str]:
    edges = [scale_number(x) for x in np.linspace(*limits, ink.steps + 1)]
    patches = painted(np.arange(ink.steps, dtype=np.int16)[:, None].repeat(2, axis=1), replace(ink, half=False))
    lines, used = [""], 0
    for level, patch in enumerate(patches):
        text = " " + say("{low} to {high}", low=edges[level], high=edges[level + 1])
        long = 2 + cell_len(text)
        if used and used + 2 + long > width:
            lines, used = [*lines, ""], 0
        lines[-1] += ("  " if used else "") + patch + text
        used += (2 if used else 0) + long
    return lines
