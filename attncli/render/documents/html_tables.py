"""Tables, matrices and bar charts in HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from math import isfinite

import numpy as np

from attncli.language import Say
from attncli.render.page.blocks import Matrix
from attncli.render.page.figures import BarChart, Column, Table
from attncli.render.page.numbers import number
from attncli.render.page.page import Options
from attncli.render.page.text import shown
from attncli.text.visible import visible

SCROLL = '<div class="scroll" tabindex="0" role="group" aria-label="{label}">'
SHADE = 60
"""How strong the color behind the largest number is, in percent."""


def matrix_table(matrix: Matrix, options: Options) -> str:
    """A matrix as a table. The larger a number, the stronger the color behind it; the tooltip of a cell is its
    exact value."""
    say = options.say
    rows, columns = ([escape(shown(name, say)) for name in names] for names in (matrix.rows, matrix.columns))
    finite = np.abs(matrix.values[np.isfinite(matrix.values)])
    largest = float(finite.max(initial=0)) or 1.0
    sums = matrix.row_sums(range(len(rows)), options.precision)
    head = "".join(f'<th scope="col">{name}</th>' for name in [*columns, *(["Σ"] if sums else [])])
    lines = []
    exact = matrix.values.astype(str).tolist()
    signs = {"-inf": f" ({escape(say('masked'))})", "nan": f" ({escape(say('not a number'))})"}
    for r, values in enumerate(matrix.values.tolist()):
        strong = int(np.argmax(matrix.values[r])) if matrix.weights and len(rows) > 1 else -1
        cells = [
            _number(
                "" if matrix.words is None else escape(visible(matrix.words[r][c])) + " ",
                value, f"{rows[r]}, {columns[c]}: {exact[r][c]}{signs.get(exact[r][c], '')}", largest,
                c == strong, options.precision,
            )
            for c, value in enumerate(values)
        ]  # fmt: skip
        total = f'<td class="quiet">{sums[r]}</td>' if sums else ""
        lines.append(f'<tr><th scope="row">{rows[r]}</th>{"".join(cells)}{total}</tr>')
    caption = f'{escape(shown(matrix.title, say))} <span class="quiet">{escape(shown(matrix.shape, say))}</span>'
    kind = "matrix" if matrix.words is None else "matrix words"
    top = f"<caption>{caption}</caption><thead><tr><td></td>{head}</tr></thead>"
    return _scroll(f'<table class="{kind}">{top}{_body(lines)}</table>', shown(matrix.title, say))


def _number(word: str, value: float, tip: str, largest: float, strong: bool, precision: int) -> str:
    """A cell of a matrix. Masked keys (-inf) and zeros are faint, NaN stands out."""
    text = word + number(value, precision)
    if not isfinite(value):
        return f'<td title="{tip}" class="{"masked" if value == -np.inf else "nan"}">{text}</td>'
    share = round(min(abs(value) / largest, 1.0) * SHADE)
    color = "183,28,28" if value < 0 else "0,121,107"
    shade = f' style="background:rgba({color},{share / 100:g})"' if share else ""
    kind = ' class="bold"' if strong else ' class="masked"' if value == 0 else ""
    return f'<td title="{tip}"{kind}{shade}>{text}</td>'


def table(block: Table, options: Options) -> str:
    """A table; bars are boxes in a last column."""
    say, bars = options.say, block.bars
    count = len(block.columns[0].cells) if block.columns else 0
    head = ""
    if block.header:
        head = f"<thead><tr>{_titles(block.columns, say)}{'<td></td>' if bars else ''}</tr></thead>\n"
    lengths: Sequence[float | None] = [] if bars is None else bars.values
    full = (bars and bars.full) or max((abs(v) for v in lengths if v and isfinite(v)), default=1.0)
    lines = []
    for r in range(count):
        total, strong = r >= count - block.totals, r == block.strong
        kind = f' class="{"total " * total}{"bold" * strong}"' if total or strong else ""
        cells = "".join(_cells(block.columns, r, block.bold, say))
        if bars is not None:
            value = lengths[r] if r < len(lengths) else None
            cells += f'<td class="bar">{"" if not value or not isfinite(value) else _bar(value, 0, full)}</td>'
        lines.append(f"<tr{kind}>{cells}</tr>")
    return _scroll(f"<table>{head}{_body(lines)}</table>", say("table"))


def bar_chart(chart: BarChart, options: Options) -> str:
    """A bar for each row beside its numbers; bars of negative numbers end at the zero line."""
    say = options.say
    finite = [value for value in chart.values if isfinite(value)]
    low, high = min([0.0, *finite]), max([0.0, *finite])
    lines = []
    for r, value in enumerate(chart.values):
        cells = "".join(_cells(chart.columns, r, frozenset(), say))
        lines.append(f'<tr>{cells}<td class="bar">{_bar(value, low, high) if isfinite(value) else ""}</td></tr>')
    head = f"<thead><tr>{_titles(chart.columns, say)}<td></td></tr></thead>"
    return _scroll(f"<table>{head}{_body(lines)}</table>", say("bar chart"))


def _scroll(inner: str, label: str) -> str:
    """A table that scrolls within itself where the window is too small, with keys too."""
    return SCROLL.format(label=escape(label)) + inner + "</div>"


def _titles(columns: Sequence[Column], say: Say) -> str:
    """The titles of columns; a column without one has an empty cell."""
    titles = [(_kind(column), escape(shown(column.title, say))) for column in columns]
    return "".join(f'<th scope="col"{kind}>{title}</th>' if title else "<td></td>" for kind, title in titles)


def _body(rows: Sequence[str]) -> str:
    return "\n".join(["<tbody>", *rows, "</tbody>"])


def _cells(columns: Sequence[Column], row: int, bold: frozenset[tuple[int, int]], say: Say) -> Iterator[str]:
    for index, column in enumerate(columns):
        text = escape(shown(column.cells[row], say))
        yield f"<td{_kind(column, (row, index) in bold)}>{text}</td>"


def _kind(column: Column, bold: bool = False) -> str:
    return f' class="{column.kind}{" bold" if bold else ""}"'


def _bar(value: float, low: float, high: float) -> str:
    """A bar from zero to a value, on a line from `low` to `high`; from zero on, whatever its sign, where `low` is
    zero."""
    length = (high - low) or 1.0
    width = min(abs(value) / length, 1.0) * 100
    start = (min(value, 0.0) - low) / length * 100 if low < 0 else 0.0
    kind = "negative" if value < 0 else "positive"
    return f'<i class="{kind}" style="margin-left:{start:.2f}%;width:{width:.2f}%"></i>'
