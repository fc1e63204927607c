"""A matrix on a sheet: a table of numbers where it is small, else a heatmap with labels and a scale."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attncli.formula.pooling import blocks, pooled, step
from attncli.formula.types import Array
from attncli.render.page.blocks import Matrix
from attncli.render.page.cells import fit
from attncli.render.page.choosing import middle_out
from attncli.render.page.colors import scale
from attncli.render.page.figures import Column, Table
from attncli.render.page.levels import MASKED_LEVEL, NAN_LEVEL, STEPS, levels
from attncli.render.page.numbers import number
from attncli.render.page.page import Options
from attncli.render.pictures.drawing import (
    BOLD,
    FAINT,
    GAP,
    GLYPH,
    QUIET,
    Cells,
    Drawing,
    Look,
    Words,
    text_width,
)
from attncli.render.pictures.maps import LABEL, draw_labels, draw_scale, every_label, signs
from attncli.render.pictures.tables import draw_table

FEW_COLUMNS, FEW_ROWS = 12, 30
"""A matrix with at most so many columns and rows is shown as numbers."""
ROOM = 640
"""About how wide and high a heatmap is."""
SMALL_FONT = 10
ON_LIGHT, ON_DARK = "#000000", "#ffffff"
"""The color of a number on its cell."""


def few(matrix: Matrix) -> bool:
    """Whether every number of a matrix can be read where it is shown."""
    rows, columns = matrix.values.shape
    return rows <= FEW_ROWS and columns <= FEW_COLUMNS


def draw_matrix(sheet: Drawing, matrix: Matrix, options: Options) -> None:
    """Adds the title, then the numbers as a table or a heatmap."""
    say = options.say
    sheet.text(f"{say.marked(matrix.title)}  {say.marked(matrix.shape)}".rstrip(), BOLD)
    if matrix.values.size == 0:
        return
    if matrix.words is not None or (few(matrix) and not matrix.weights):
        draw_table(sheet, matrix_table(matrix, options), options)
    else:
        _heatmap(sheet, matrix, options)


def matrix_table(matrix: Matrix, options: Options) -> Table:
    """A matrix as a table; the middle of a large one is left out, except with --full."""
    say = options.say
    counts = matrix.values.shape
    rows, more_rows = middle_out(counts[0], counts[0] if options.full else FEW_ROWS, spare=1)
    columns, more_columns = middle_out(counts[1], counts[1] if options.full else FEW_COLUMNS)
    labels = [say.marked(matrix.rows[r]) for r in rows]
    table = [Column("", labels, "label")]
    for c in columns:
        cells = [matrix.cell(r, c, options.precision) for r in rows]
        table.append(Column(matrix.columns[c], cells, "number" if matrix.words is None else "label"))
    middle = (len(columns) + 1) // 2 + 1
    if more_columns:
        table.insert(middle, Column(f"⋯ {say('{count} more', count=more_columns)}", ["⋯"] * len(rows), "label"))
    if more_rows:
        half = (len(rows) + 1) // 2
        marks = [f"⋮ {more_rows}", *[""] * (len(table) - 1)]
        table = [
            Column(column.title, [*column.cells[:half], mark, *column.cells[half:]], column.kind)
            for column, mark in zip(table, marks, strict=True)
        ]
    largest = frozenset((r, int(matrix.values[r].argmax()) + 1) for r in rows) if matrix.weights else frozenset()
    return Table(table, bold=largest)


def matrix_limits(values: Array) -> tuple[float, float]:
    """The smallest and the largest number of a scale; zero is in its middle where there are negative numbers."""
    finite = values[np.isfinite(values)]
    largest = float(np.abs(finite).max(initial=0)) or 1.0
    return (-largest if (finite < 0).any() else 0.0), largest


def _heatmap(sheet: Drawing, matrix: Matrix, options: Options) -> None:
    numbers, say = few(matrix), options.say
    counts = matrix.values.shape
    steps = (1, 1) if options.full else (step(counts[0], ROOM // 2), step(counts[1], ROOM // 2))
    values = pooled(matrix.values, steps)
    limits = matrix_limits(values)
    texts = [[number(float(v), options.precision) for v in row] for row in values] if numbers else []
    wide, high = _cell(values, texts, min(ROOM, sheet.room - LABEL * GLYPH))
    rows, columns = (
        every_label(_labels([say.marked(name) for name in names], size), cell)
        for names, size, cell in ((matrix.rows, steps[0], high), (matrix.columns, steps[1], wide))
    )
    x, y = draw_labels(sheet, rows, columns, wide, high)
    cell_levels = levels(values, limits, STEPS)
    sheet.paste(Cells(x, y, wide, cell_levels, limits[0] < 0, stretch=high / wide))
    for r, row in enumerate(texts):
        for c, text in enumerate(row):
            look = _look_on(int(cell_levels[r, c]), limits[0] < 0, sheet.style.colors)
            sheet.put(Words(x + (c + 0.5) * wide, y + (r + 0.5) * high + 4, text, "middle", look, size=SMALL_FONT))
    sheet.height = y + len(values) * high + GAP
    draw_scale(sheet, limits, limits[0] < 0)
    for sign in signs(bool((cell_levels == MASKED_LEVEL).any()), bool((cell_levels == NAN_LEVEL).any()), say):
        sheet.text(sign, QUIET)
    if steps != (1, 1):
        sheet.text(_pooling(steps, limits[0] < 0, options), QUIET)


def _pooling(steps: tuple[int, int], signed: bool, options: Options) -> str:
    counts = {"rows": steps[0], "columns": steps[1]}
    if signed:
        return options.say(
            "pooled: each cell is the number farthest from zero of {rows} × {columns} numbers", **counts
        )
    return options.say("pooled: each cell is the largest of {rows} × {columns} numbers", **counts)


def _cell(values: Array, texts: Sequence[Sequence[str]], room: float) -> tuple[float, float]:
    """How wide and high a cell is: as large as its number, or such that the heatmap is about as large as it may be
    and the cells are nearly square."""
    if texts:
        return max(text_width(text, SMALL_FONT) for row in texts for text in row) + 10, 24.0
    high, wide = (float(np.clip(room // count, 2, 28)) for count in values.shape)
    return min(wide, max(high, 16.0)), min(high, max(wide, 16.0))


def _labels(names: Sequence[str], size: int) -> list[str]:
    """The label of each cell; for a cell of several lines, the name of the first."""
    return [fit(names[lines[0]], LABEL) for lines in blocks(len(names), size)]


def _look_on(level: int, signed: bool, colors: str) -> Look:
    """The look of a number that can be read on the color of its level."""
    if level < 0:
        return Look(FAINT)
    red, green, blue = scale(STEPS, signed, colors)[level].tolist()
    return Look(ON_LIGHT if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else ON_DARK)
