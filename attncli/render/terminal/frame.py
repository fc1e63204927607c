"""Tables as lines of text: columns of cells in a box, each cell as wide as its column.

Rich's own tables would measure the cells anew, in another way (`render.page.cells`), and squeeze a table that is
wider than the terminal, cutting its numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style

from attncli.render.page.cells import cell_len, fit
from attncli.render.terminal.console import measure_of
from attncli.render.terminal.styles import HEAD, QUIET

Line = list[tuple[str, str | None]]
"""Pieces of text, each with its style."""
Measure = Callable[[str], int]
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
        measure = measure_of(console)
        widths = [column.width for column in self.columns]
        if measure is not cell_len:
            widths = [
                max(width, *(_width(line, measure) for part in parts for row in part for line in row[place]))
                for place, width in enumerate(widths)
            ]
        for number, part in enumerate(parts):
            if self.box:
                yield from _rule(widths, "├┼┤" if number else "╭┬╮", console)
            yield from self._rows(part, widths, measure, console, bool(head) and number == 0)
        if self.box:
            yield from _rule(widths, "╰┴╯", console)

    def _rows(
        self,
        rows: Sequence[Sequence[Cell]],
        widths: Sequence[int],
        measure: Measure,
        console: Console,
        is_title: bool,
    ) -> Iterator[Segment]:
        """The lines of some rows."""
        styles = [console.get_style(c.title_style if is_title else c.style) for c in self.columns]
        wall = [Segment("│", console.get_style(QUIET))] if self.box else []
        for row in rows:
            for lines in zip_longest(*row, fillvalue=[]):
                for place, (line, width, style) in enumerate(zip(lines, widths, styles, strict=True)):
                    yield from [*wall, Segment(" ")] if self.box else [Segment(" " * self.space)] if place else []
                    yield from _pieces(line, style, console)
                    if self.box or place < len(widths) - 1:
                        yield Segment(" " * (width - _width(line, measure) + self.box))
                yield from wall
                yield Segment.line()


def _rule(widths: Sequence[int], corners: str, console: Console) -> Iterator[Segment]:
    dashes = corners[1].join("─" * (width + 2) for width in widths)
    yield Segment(corners[0] + dashes + corners[2], console.get_style(QUIET))
    yield Segment.line()


def _width(line: Line, measure: Measure) -> int:
    return sum(measure(text) for text, _ in line)


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
    titles: list[Cell] = [[[(corner, None)]], [[(header, None)]]] if header else []
    return Frame([Column(label_width, HEAD), Column(width)], sections, titles)


def label_cell(labels: Sequence[str], width: int) -> Cell:
    """Labels, one below the other, cut to `width`."""
    return [[(fit(label, width), None)] for label in labels]
