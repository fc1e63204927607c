"""Tables as lines of text: columns of cells in a box, each cell as wide as its column.

Rich's own tables would measure the cells anew, in another way (`render.page.cells`), and squeeze a table that is
wider than the terminal, cutting its numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style

from attncli.render.page.cells import cell_len, fit
from attncli.render.terminal.styles import HEAD, QUIET

Line = list[tuple[str, str | None]]
"""Pieces of text, each with its style."""
Cell = Sequence[Line]
"""The lines of a cell, one below the other."""
FRAME = 7
"""How many cells the borders and spaces of two columns take."""


@dataclass(frozen=True)
class Column:
    """How wide a column is without the spaces at its sides, and the styles of its cells and of its title."""

    width: int
    style: str = ""
    title_style: str = HEAD


@dataclass(frozen=True)
class Frame:
    """A table that Rich prints as it is. `titles` are the cells above the columns, if there are any. A line is
    drawn between `sections`, each of which is a sequence of rows of one cell for each column. `box` False: columns
    side by side, `space` cells apart, without lines between them."""

    columns: Sequence[Column]
    sections: Sequence[Sequence[Sequence[Cell]]]
    titles: Sequence[Cell] = ()
    box: bool = True
    space: int = 2

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        head = [[list(self.titles)]] if self.titles else []
        parts = [*head, *(section for section in self.sections if section)]
        if not self.box:
            for number, part in enumerate(parts):
                yield from self._rows(part, console, "", " " * self.space, bool(head) and number == 0)
            return
        corners, dash, wall = ("╭┬╮", "├┼┤", "╰┴╯"), "─", "│"
        quiet = console.get_style(QUIET)

        def rule(corners: str) -> Iterator[Segment]:
            dashes = (dash * (column.width + 2) for column in self.columns)
            yield Segment(corners[0] + corners[1].join(dashes) + corners[2], quiet)
            yield Segment.line()

        yield from rule(corners[0])
        for number, part in enumerate(parts):
            if number:
                yield from rule(corners[1])
            yield from self._rows(part, console, wall, " ", bool(head) and number == 0)
        yield from rule(corners[2])

    def _rows(
        self, rows: Sequence[Sequence[Cell]], console: Console, wall: str, space: str, is_title: bool
    ) -> Iterator[Segment]:
        """The lines of some rows."""
        styles = [console.get_style(c.title_style if is_title else c.style) for c in self.columns]
        border, last = Segment(wall, console.get_style(QUIET)), len(self.columns) - 1
        for row in rows:
            for lines in zip_longest(*row, fillvalue=[]):
                for number, (line, column, style) in enumerate(zip(lines, self.columns, styles, strict=True)):
                    yield from [border, Segment(space)] if wall else [Segment(space)] if number else []
                    yield from _pieces(line, style, console)
                    blank = column.width - sum(cell_len(text) for text, _ in line)
                    yield Segment(" " * blank if wall or number < last else "")
                    yield from [Segment(space)] if wall else []
                yield from [border] if wall else []
                yield Segment.line()


def _pieces(line: Line, style: Style, console: Console) -> Iterator[Segment]:
    for text, own in line:
        yield Segment(text, style if own is None else style + console.get_style(own))


def framed(
    labels: Sequence[Sequence[str]], label_width: int, lines: Sequence[Sequence[Line]], width: int,
    corner: str = "", header: str = "",
) -> Frame:  # fmt: skip
    """A table of labels, cut to `label_width`, and lines of `width` beside them: for each section its labels and
    its lines. It has a title line if `header` is not empty."""
    sections = [
        [[label_cell(names, label_width), beside]] for names, beside in zip(labels, lines, strict=True) if names
    ]
    titles = [[[(corner, None)]], [[(header, None)]]] if header else []
    return Frame([Column(label_width, HEAD), Column(width)], sections, titles)


def label_cell(labels: Sequence[str], width: int) -> Cell:
    """Labels, one below the other, cut to `width`."""
    return [[(fit(label, width), None)] for label in labels]
