"""One matrix as a picture of characters: cells in the colors of the terminal, labels along two sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product, zip_longest

import numpy as np

from attncli.formula.pooling import Side, step
from attncli.formula.types import Array
from attncli.render.page.cells import cell_len
from attncli.render.page.levels import Levels, levels
from attncli.render.terminal.ink import Ink, painted, widened
from attncli.render.terminal.labels import FORMS, Form, above, beside, fits, texts_of

LABEL_WIDTH = 18
WIDEST = 8
"""The most characters for a column: wider ones would look stretched."""
WRITTEN = 6
"""The width of a column in which a number, its sign and a shade have room."""
LEAST = 0.1
"""Where all numbers are below, two digits after the point say nothing."""
FEWEST = 8
"""The fewest cells along a side, however narrow the window."""


@dataclass(frozen=True)
class Layout:
    """How a matrix is drawn: its sides, pooled to fit, how many characters wide a cell is, whether it is half a
    line high, and the form of the labels of the columns. `label`: how wide those of the rows may be."""

    rows: Side
    columns: Side
    wide: int
    half: bool
    form: Form
    label: int = LABEL_WIDTH

    @property
    def width(self) -> int:
        """How wide the whole drawing is."""
        return self.margin + self.columns.size * self.wide

    @property
    def height(self) -> int:
        """How many lines the whole drawing has."""
        return len(self.header) + (-(-self.rows.size // 2) if self.half else self.rows.size)

    @cached_property
    def labels(self) -> list[str]:
        """The labels of the rows, one for each line of cells; two labels side by side if a line holds two rows."""
        labels = beside(self.rows, self.label // 2 if self.half else self.label)
        if not self.half:
            return labels
        wide = max(map(cell_len, labels))
        return [
            a + " " * (wide - cell_len(a)) + " " + b
            for a, b in zip_longest(labels[0::2], labels[1::2], fillvalue="")
        ]

    @cached_property
    def margin(self) -> int:
        """How wide the labels of the rows are."""
        return max(map(cell_len, self.labels)) + 1

    @cached_property
    def header(self) -> list[str]:
        """The labels of the columns."""
        return above(self.form, self.columns, self.wide, self.margin)


def laid_out(
    rows: Side, columns: Side, width: int, height: int, ink: Ink, full: bool = False, around: int = 0
) -> Layout:
    """The drawing that fits the width and the height and whose labels read best: a line for each row while they
    fit, then two rows in a line, then the sides pooled; `full`: not pooled, however large. As far as a line a row
    allows, lines are kept free for the text `around` the map."""
    label = min(LABEL_WIDTH, max(width // 4, 6))
    for half, room, form in product((False, True) if ink.half else (False,), (height - around, height), FORMS):
        layout = _layout(rows, columns, width, half, form, label)
        if fits(form, columns, layout.wide) and layout.width <= width and layout.height <= room:
            return layout
    layout, height = Layout(rows, columns, 1, ink.half, "ticks", label), height - around
    while not (full or (layout.width <= width and layout.height <= height)):
        most_rows = max(height - len(layout.header), FEWEST) * (2 if ink.half else 1)
        most_columns = max(width - layout.margin, FEWEST)
        pooled = replace(
            layout,
            rows=replace(rows, step=max(step(len(rows.indices), most_rows), layout.rows.step)),
            columns=replace(columns, step=max(step(len(columns.indices), most_columns), layout.columns.step)),
        )
        if pooled == layout:  # a window narrower than the labels: they are cut
            break
        layout = pooled
    return replace(layout, wide=max(min((width - layout.margin) // layout.columns.size, 2), 1))


def _layout(rows: Side, columns: Side, width: int, half: bool, form: Form, label: int) -> Layout:
    """The drawing with labels of this form, its columns as wide as there is room for and use for."""
    layout = Layout(rows, columns, 1, half, form, label)
    share = max((width - layout.margin) // columns.size, 1)
    longest = max(map(cell_len, texts_of(columns))) + 1
    most = {"upright": max(longest, WRITTEN), "folded": WIDEST, "vertical": 4, "ticks": 4}[form]
    return replace(layout, wide=min(share, 2 if half else most))


def heatmap(
    values: Array, limits: tuple[float, float], layout: Layout, ink: Ink, words: Sequence[Sequence[str]] = ()
) -> list[str]:
    """The lines of a pooled matrix [row, column]: the labels of the columns, then each line of cells after that of
    its rows. Numbers are written into cells that are wide enough, each after its word if there are `words` [row]
    [column]."""
    cells: Levels = levels(values, limits, ink.steps)
    if layout.half:
        drawn = painted(cells.repeat(layout.wide, axis=1), replace(ink, half=True))
    else:
        drawn = widened(cells, _texts(values, words, layout.wide, ink), layout.wide, ink)
    margin = layout.margin
    lines = [a + " " * (margin - cell_len(a)) + b for a, b in zip(layout.labels, drawn, strict=True)]
    return [*layout.header, *(lines if ink.colored else [line.rstrip(" ") for line in lines])]


def _texts(values: Array, words: Sequence[Sequence[str]], wide: int, ink: Ink) -> list[list[str]]:
    """What is written into each cell: its word and its number, the word alone where not all numbers fit, or
    nothing. Without colors, a shade stays in sight beside it."""
    alone = [list(row) for row in words] or [[""] * values.shape[1] for _ in values]
    numbers = cell_numbers(values)
    texts = [
        [word + number for word, number in zip(*rows, strict=True)] for rows in zip(alone, numbers, strict=True)
    ]
    longest = max((len(text) for row in texts for text in row), default=0)
    return texts if longest < (wide if ink.colored else wide - 1) else alone


def cell_numbers(values: Array) -> list[list[str]]:
    """The numbers of a matrix in three characters and a sign, as far as they are that small; empty for what is not
    a number, and for all where the largest would be next to nothing."""
    largest = float(np.abs(values[np.isfinite(values)]).max(initial=0))

    def text(value: float) -> str:
        if not np.isfinite(value) or largest < LEAST:
            return ""
        if largest > 1:
            return f"{value:.1f}" if largest < 10 else f"{value:.0f}"
        return f"{value:.2f}".replace("0.", ".", 1).replace("-.00", ".00").replace("1.00", "1.0")

    return [[text(value) for value in row] for row in values.tolist()]
