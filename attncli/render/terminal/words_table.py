"""Tables with running text: words are broken between words, numbers stay whole."""

from __future__ import annotations

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from attncli.language import Say
from attncli.render.page.figures import Column, Table
from attncli.render.page.page import Options
from attncli.render.terminal.styles import HEAD, QUIET, STYLES
from attncli.render.terminal.wrapping import Running
from attncli.text.visible import harmless

NARROW, VERY_NARROW = 72, 48
"""Widths of a terminal below which a table with numbers that does not fit goes without a frame, and with less
space between its columns; a table of words breaks them instead."""


def show(table: Table, console: Console, options: Options) -> None:
    """Prints the table, as wide as the terminal at most."""
    cells = [[_text(cell, options.say) for cell in column.cells] for column in table.columns]
    titles = [options.say.marked(column.title) for column in table.columns]
    numbers = any(column.kind == "number" for column in table.columns)
    whole = not numbers or not table.header  # words can be broken, and without titles the frame shows the table
    framed = whole or console.width >= NARROW or _natural_width(titles, cells) <= console.width
    rich_table = RichTable(
        box=box.ROUNDED if framed else None, border_style=QUIET, header_style=f"bold {HEAD}",
        show_header=table.header, pad_edge=framed,
        padding=(0, 1) if framed else (0, 1 if console.width < VERY_NARROW else 2, 0, 0),
    )  # fmt: skip
    for place, (title, column) in enumerate(zip(titles, table.columns, strict=True)):
        rich_table.add_column(
            title,
            justify="right" if column.kind == "number" else "left",
            no_wrap=column.kind != "words",
            style=HEAD if place == 0 and column.kind != "number" else None,
            overflow="fold",
        )
    last = len(table.columns[0].cells) - table.totals
    for row in range(len(table.columns[0].cells)):
        styled = [
            _cell(column, column_cells[row], row == table.strong or (row, place) in table.bold)
            for place, (column, column_cells) in enumerate(zip(table.columns, cells, strict=True))
        ]
        rich_table.add_row(*styled, end_section=bool(table.totals) and row == last - 1)
    console.print(rich_table)


def _text(cell: str, say: Say) -> str:
    return harmless(say.marked(cell))


def _cell(column: Column, text: str, strong: bool) -> Text | Running:
    style = "bold" if strong else (STYLES.get(text) or "") if column.kind == "number" else ""
    return Running(Text(text, style)) if column.kind == "words" else Text(text, style)


def _natural_width(titles: list[str], cells: list[list[str]]) -> int:
    """How wide the framed table is where nothing is broken into lines."""
    columns = zip(titles, cells, strict=True)
    widths = [
        max(cell_len(line) for text in (title, *column) for line in text.split("\n")) for title, column in columns
    ]
    return sum(widths) + 3 * len(widths) + 1
