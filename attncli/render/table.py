"""Tables for people at a terminal, by Rich. A row of numbers is one Rich cell: a cell for each number would
take seconds where a matrix is shown in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
from rich import box
from rich.cells import cell_len, set_cell_size
from rich.table import Table
from rich.text import Text

from attncli.render import Options
from attncli.render.console import console_for, finish
from attncli.render.matrices import Matrix, matrices, middle_out, row_sums
from attncli.tokens import Tokens, visible
from attncli.tracing import ModelInfo, Stage, Trace

LABEL_WIDTH = 18
COLUMN_LABEL_WIDTH = 12
ROWS = 40
FRAME = 7  # the borders and padding of the two Rich columns

HEAD, NAME, FORMULA, QUIET, STRONG = "cyan", "bold", "green", "dim", "bold"
_STYLES = {"-inf": QUIET, "0": QUIET, "nan": "bold red", "inf": "bold red"}


class _Writer:
    def __init__(self, head: Trace, output: IO[bytes], options: Options) -> None:
        self.head, self.options = head, options
        self.console = console_for(output, options)
        if head.model is not None and head.tokens is not None:
            self.console.print(_summary(head.model, head.tokens))
            self.console.print(token_line(head.tokens, self.console.width, options.full))

    def stage(self, stage: Stage) -> None:
        if stage.formula:
            self.console.print()
            self.console.print(_caption(stage))
        for matrix in matrices(stage, self.head.tokens):
            self.console.print(_title(matrix))
            self.console.print(grid(matrix, self.console.width, self.options))

    def close(self) -> None:
        finish(self.console)


def writer(head: Trace, output: IO[bytes], options: Options) -> _Writer:
    return _Writer(head, output, options)


def _summary(model: ModelInfo, tokens: Tokens) -> Text:
    positions = "no positions" if model.positions == "none" else f"{model.positions} positions"
    facts = [
        f"{counted(model.layers, 'layer')} × {counted(model.heads, 'head')}",
        *([counted(model.kv_heads, "key/value head")] if model.kv_heads != model.heads else []),
        f"d_model {model.d_model}",
        f"d_head {model.d_head}",
        positions,
        "causal" if model.causal else "bidirectional",
    ]
    source = model.source if model.source.startswith("seed ") else model.family
    line = Text(visible_line(model.name), NAME)
    return line.append(f" ({visible_line(source)}) · {' · '.join(facts)}", QUIET)


def counted(count: int, thing: str) -> str:
    """1 head, 2 heads."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def visible_line(text: str) -> str:
    """Spaces may stay in running text; all else that cannot be seen may not."""
    return " ".join(visible(part) for part in text.split(" "))


def token_line(tokens: Tokens, width: int, full: bool) -> Text:
    """The tokens in one line, each with its index."""
    labels = [f"{i} {visible(t)}" for i, t in enumerate(tokens.texts)]
    shown, left_out = list(range(len(labels))), 0
    if not full:
        room = len(labels)
        while room > 2 and sum(cell_len(labels[i]) + 2 for i in shown) > 3 * width:
            room -= max(1, room // 8)
            shown, left_out = middle_out(len(labels), room)
    line = Text(f"{counted(len(tokens), 'token')}  ", QUIET)
    for place, i in enumerate(shown):
        if left_out and place == (len(shown) + 1) // 2:
            line.append(f"⋯ {left_out} more ⋯  ", QUIET)
        number_, _, text = labels[i].partition(" ")
        line.append(number_ + " ", QUIET).append(text, HEAD).append("  ")
    line.rstrip()
    return line


def _caption(stage: Stage) -> Text:
    """The formula, and what it means."""
    line = Text(stage.formula, FORMULA)
    if stage.meaning:
        line.append(f"   {stage.meaning}", QUIET)
    return line.append(f"\n{stage.detail}", QUIET) if stage.detail else line


def _title(matrix: Matrix) -> Text:
    return Text(matrix.title, NAME).append(f"  {matrix.shape}", QUIET)


def grid(matrix: Matrix, width: int, options: Options) -> Table:
    """A matrix as a Rich table that fits `width`, its middle left out (with the count) where it does not."""
    height = matrix.values.shape[0]
    rows, rows_left_out = (list(range(height)), 0) if options.full else middle_out(height, ROWS)
    labels = [_fit(matrix.rows[r], LABEL_WIDTH) for r in rows]
    sums = row_sums(matrix, options.precision)
    label_width = max([cell_len(label) for label in labels] + [cell_len(f"⋮ {rows_left_out}")])
    sum_width = 0 if sums is None else max(map(len, sums)) + 3
    room = width - label_width - sum_width - FRAME
    columns = _layout(matrix, rows, options, room)

    table = Table(box=box.ROUNDED, border_style=QUIET, header_style=HEAD)
    table.add_column(no_wrap=True, style=HEAD, min_width=label_width)
    table.add_column(columns.line([matrix.columns[c] for c in columns.shown]), no_wrap=True, overflow="crop")
    if sums is not None:
        table.add_column("Σ", justify="right", no_wrap=True, style=QUIET)
    for place, (r, label) in enumerate(zip(rows, labels, strict=True)):
        if rows_left_out and place == (len(rows) + 1) // 2:
            table.add_row(Text(f"⋮ {rows_left_out}", QUIET), Text("rows more", QUIET))
        line = columns.numbers([matrix.cell(r, c, options.precision) for c in columns.shown])
        if sums is not None and height > 1:
            columns.embolden(line, int(np.argmax(matrix.values[r])))
        table.add_row(Text(label), line, *([] if sums is None else [sums[r]]))
    return table


@dataclass(frozen=True)
class _Columns:
    """Which columns are shown, how wide, how far apart, and how many are left out in the middle."""

    shown: list[int]
    widths: list[int]
    space: int
    left_out: int
    left: bool  # words before numbers line up on the left

    @property
    def gap(self) -> int:
        return (len(self.shown) + 1) // 2

    @property
    def marker(self) -> str:
        return f"⋯ {self.left_out} more"

    def line(self, cells: Sequence[str], marker: str | None = None) -> Text:
        """Cells side by side, each in its width."""
        padded = [self._pad(cell, width) for cell, width in zip(cells, self.widths, strict=True)]
        if self.left_out:
            padded.insert(self.gap, self.marker if marker is None else marker)
        return Text((" " * self.space).join(padded))

    def numbers(self, cells: Sequence[str]) -> Text:
        """A row of numbers: what is masked or exactly zero is dim, what is not a number red."""
        line = self.line(cells, "⋯".center(cell_len(self.marker)))
        if not self.left:
            for place, cell in enumerate(cells):
                if cell in _STYLES:
                    line.stylize(_STYLES[cell], *self._span(place))
        return line

    def embolden(self, line: Text, column: int) -> None:
        """Marks a column's number, if it is shown."""
        if column in self.shown:
            line.stylize(STRONG, *self._span(self.shown.index(column)))

    def _span(self, place: int) -> tuple[int, int]:
        """The characters of a number in the line: all before it are one cell wide."""
        start = sum(self.widths[:place]) + self.space * place
        if self.left_out and place >= self.gap:
            start += cell_len(self.marker) + self.space
        return start, start + self.widths[place]

    def _pad(self, cell: str, width: int) -> str:
        fitted = _fit(cell, width)
        blank = " " * (width - cell_len(fitted))
        return fitted + blank if self.left else blank + fitted


def _layout(matrix: Matrix, rows: Sequence[int], options: Options, room: int) -> _Columns:
    """The widest choice of first and last columns that fits the room; all of them for --full."""
    count = matrix.values.shape[1]
    left = matrix.words is not None
    cap = COLUMN_LABEL_WIDTH

    def width_of(column: int) -> int:
        header = min(cell_len(matrix.columns[column]), cap)
        return max([header, *(cell_len(matrix.cell(r, column, options.precision)) for r in rows)])

    if options.full:
        return _Columns(list(range(count)), [width_of(c) for c in range(count)], 2, 0, left)
    widths: dict[int, int] = {}
    for step in range(count):  # from both ends towards the middle, until they no longer fit
        column = step // 2 if step % 2 == 0 else count - 1 - step // 2
        widths[column] = width_of(column)
        if sum(widths.values()) + len(widths) - 1 > room:
            break
    for shown in range(len(widths), 0, -1):
        chosen, left_out = middle_out(count, shown)
        if any(c not in widths for c in chosen):
            continue
        taken = [widths[c] for c in chosen] + ([cell_len(f"⋯ {left_out} more")] if left_out else [])
        for space in (2, 1):
            if sum(taken) + space * (len(taken) - 1) <= room:
                return _Columns(chosen, [widths[c] for c in chosen], space, left_out, left)
    return _Columns([0], [min(widths[0], max(room, 4))], 1, 0, left)


def _fit(label: str, width: int) -> str:
    """A label cut to a width in cells, with … where it was cut."""
    return label if cell_len(label) <= width else set_cell_size(label, width - 1).rstrip() + "…"
