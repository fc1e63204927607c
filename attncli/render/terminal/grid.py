"""A matrix as a table that fits the terminal.

All its numbers are one cell of many lines, whose width is known: a cell for each number would take seconds where a
matrix is shown in full.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from rich.console import Console
from rich.text import Text

from attncli.language import Say
from attncli.render.page.blocks import Matrix
from attncli.render.page.cells import cell_len, fit
from attncli.render.page.choosing import middle_out
from attncli.render.page.page import Options
from attncli.render.terminal.columns import Columns, laid_out
from attncli.render.terminal.console import put
from attncli.render.terminal.frame import FRAME, Cell, Column, Frame, Line
from attncli.render.terminal.plain import plain
from attncli.render.terminal.styles import HEAD, NAME, QUIET, STRONG, STYLES
from attncli.render.terminal.wrapping import Running

LABEL_WIDTH = 18
ROWS = 40


def show(matrix: Matrix, console: Console, options: Options) -> None:
    """Prints the title and the numbers, and says what was left out of them."""
    put(console, Running(Text.assemble((matrix.title, NAME), (f"  {matrix.shape}", QUIET))))
    total = plain("Σ", console.encoding, options.say)
    frame, remark = grid(matrix, console.width, options, total)
    put(console, frame)
    if remark:
        put(console, Running(Text(remark, QUIET)))


def grid(matrix: Matrix, width: int, options: Options, total: str = "Σ") -> tuple[Frame, str]:
    """A matrix in a frame that fits `width`, and a remark on what was left out to make it fit, if anything was
    that the table does not show."""
    height = matrix.values.shape[0]
    rows, rows_left_out = (list(range(height)), 0) if options.full else middle_out(height, ROWS, spare=1)
    gap = (len(rows) + 1) // 2 if rows_left_out else None
    labels = [fit(matrix.rows[r], min(LABEL_WIDTH, width // 3)) for r in rows]
    sums = matrix.row_sums(rows, options.precision)
    if gap is not None:
        labels.insert(gap, f"⋮ {rows_left_out}")
    label_width = max(map(cell_len, labels))
    sum_width = 0 if sums is None else max(map(len, [total, *sums])) + 3
    columns = laid_out(matrix, rows, options, width - label_width - sum_width - FRAME)

    numbers = _numbers(matrix, columns, rows, gap, options.say)
    shape = [Column(label_width, HEAD), Column(columns.width)]
    titles: list[Cell] = [[], [[(columns.header, None)]]]
    row: list[Cell] = [[[(label, None)] for label in labels], numbers]
    if sums is not None:
        if gap is not None:
            sums.insert(gap, "")
        shape.append(Column(sum_width - 3, QUIET))
        titles.append([[(total.rjust(sum_width - 3), None)]])
        row.append([[(number.rjust(sum_width - 3), None)] for number in sums])
    return Frame(shape, [[row]], titles), columns.remark


def _numbers(matrix: Matrix, columns: Columns, rows: Sequence[int], gap: int | None, say: Say) -> list[Line]:
    """The rows that are shown. What is masked or exactly zero is dim, what is not a number red, and of attention
    weights the largest of a row bold."""
    starts = columns.starts
    bold = matrix.weights and len(matrix.values) > 1
    lines: list[Line] = []
    for position, row in enumerate(rows):
        cells = [c.cells[position] for c in columns.shown]
        line = columns.line(cells)
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
