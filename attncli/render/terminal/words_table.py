"""Tables with running text: words are broken between words, numbers stay whole."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from attncli.language import Say
from attncli.render.page.cells import cell_len, right
from attncli.render.page.figures import Column, Table
from attncli.render.page.line_breaks import breaks, pieces
from attncli.render.page.page import Options
from attncli.render.terminal.console import put
from attncli.render.terminal.frame import Cell, Frame
from attncli.render.terminal.frame import Column as FrameColumn
from attncli.render.terminal.styles import HEAD, STRONG, STYLES
from attncli.text.visible import harmless

NARROW, VERY_NARROW = 72, 48
"""Widths of a terminal below which a table with numbers that does not fit goes without a frame, and with less
space between its columns; a table of words breaks them instead."""


def show(table: Table, console: Console, options: Options) -> None:
    """Prints the table, as wide as the terminal at most."""
    cells = [[_text(cell, options.say) for cell in column.cells] for column in table.columns]
    titles = [options.say.marked(column.title) for column in table.columns]
    natural = [_widest(title, *column) for title, column in zip(titles, cells, strict=True)]
    count, numbers = len(natural), any(column.kind == "number" for column in table.columns)
    whole = not numbers or not table.header  # words can be broken, and without titles the frame shows the table
    box = whole or console.width >= NARROW or sum(natural) + 3 * count + 1 <= console.width
    space = 1 if console.width < VERY_NARROW else 2
    room = console.width - (3 * count + 1 if box else space * (count - 1))
    widths = _narrowed(table.columns, cells, natural, room)

    def row(index: int) -> list[Cell]:
        return [
            _cell(texts[index], column, width, index == table.strong or (index, place) in table.bold)
            for place, (texts, column, width) in enumerate(zip(cells, table.columns, widths, strict=True))
        ]

    rows = [row(index) for index in range(len(cells[0]))]
    last = len(rows) - table.totals
    columns = [
        FrameColumn(width, HEAD if place == 0 and column.kind != "number" else "", f"bold {HEAD}")
        for place, (width, column) in enumerate(zip(widths, table.columns, strict=True))
    ]
    above = [_cell(*parts, False) for parts in zip(titles, table.columns, widths, strict=True)]
    sections = [rows[:last], rows[last:]]
    put(console, Frame(columns, sections, above if table.header else (), box, space))


def _text(cell: str, say: Say) -> str:
    return harmless(say.marked(cell))


def _widest(*texts: str) -> int:
    return max(cell_len(line) for text in texts for line in text.split("\n"))


def _longest_word(text: str) -> int:
    return max(cell_len(piece.rstrip()) for line in text.split("\n") for piece in pieces(line))


def _narrowed(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], natural: Sequence[int], room: int
) -> list[int]:
    """The widths of the columns in this room: the widest ones are narrowed first, those with words to that of
    their longest word, then further, and labels as well. Numbers stay whole, wider than the terminal if they
    must."""
    widths = list(natural)
    words = [place for place, column in enumerate(columns) if column.kind == "words"]
    texts = [place for place, column in enumerate(columns) if column.kind != "number"]
    longest = [max(map(_longest_word, column), default=0) for column in cells]
    for places, least in ((words, longest), (words, [8] * len(widths)), (texts, [1] * len(widths))):
        while sum(widths) > room and (wide := [place for place in places if widths[place] > least[place]]):
            widths[max(reversed(wide), key=widths.__getitem__)] -= 1
    return widths


def _cell(text: str, column: Column, width: int, strong: bool) -> Cell:
    """The lines of a cell, broken where it is wider than its column."""
    style = STRONG if strong else STYLES.get(text) if column.kind == "number" else None
    lines = []
    for paragraph in text.split("\n"):
        starts = [0, *breaks(paragraph, width)]
        for start, end in zip(starts, [*starts[1:], len(paragraph)], strict=True):
            line = paragraph[start:end].rstrip()
            lines.append([(right(line, width) if column.kind == "number" else line, style)])
    return lines
