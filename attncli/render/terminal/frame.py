"""The frame of tables whose cells are blocks of lines: labels on the left, numbers or items on the right."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from attncli.render.page.line_breaks import fit
from attncli.render.terminal.grid import Block, table_width
from attncli.render.terminal.styles import HEAD, QUIET


def framed(label_width: int, width: int, corner: str = "", header: str = "") -> RichTable:
    """An empty table of a label column and a column of `width`. It has a title line if `header` is not empty."""
    table = RichTable(box=box.ROUNDED, border_style=QUIET, header_style=HEAD, padding=0, show_header=bool(header))
    table.add_column(Block([[(corner, None)]]), width=label_width + 2, style=HEAD)
    table.add_column(Block([[(header, None)]]), width=width + 2)
    return table


def label_block(labels: Sequence[str], width: int) -> Block:
    """Labels, one below the other, cut to `width`."""
    return Block([[(fit(label, width), None)] for label in labels])


def print_whole(console: Console, table: RichTable) -> None:
    """Prints a table that may be wider than the terminal. Rich would squeeze it, and cut its numbers."""
    width = console.width
    console.width = max(width, table_width(table))
    console.print(table)
    console.width = width
