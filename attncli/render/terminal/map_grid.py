"""Many small maps side by side, the heads of a layer in a row where there is room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from attncli.formula.pooling import Side, step
from attncli.language import Say
from attncli.render.page.cells import cell_len
from attncli.render.page.levels import Levels, levels
from attncli.render.page.maps import HeadMaps
from attncli.render.terminal.ink import BLANK, Ink, enlarged, painted

GAP = 2
NARROWEST = 9
"""The least width of a map with all heads of a layer in one row: that of the longest mark."""
USUAL = 15
"""The least width of a map otherwise."""
WIDEST, HIGHEST = 40, 20
SIZES = ((4, 2), (2, 1))
"""The width and height of a cell in characters and lines, where it takes whole ones."""

BOLD, GREEN, PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[0m"


@dataclass(frozen=True)
class Grid:
    """How small maps are drawn: how many in a row, how wide each may be, their sides, and the size of a cell."""

    per_row: int
    slot: int
    rows: Side
    columns: Side
    wide: int = 1
    high: int = 1
    half: bool = False

    def lines(self, block: HeadMaps, ink: Ink, say: Say) -> list[str]:
        """All the maps of a block, row by row, each under its title."""
        lines: list[str] = []
        titles = [(say.marked(head.name), head.mark) for head in block.maps]
        drawn = self.columns.size * self.wide
        joined = [f"{name} {mark}".rstrip() for name, mark in titles]
        in_one = max(map(cell_len, joined)) <= max(self.slot, drawn)
        longest = max(map(cell_len, joined if in_one else [name for name, _ in titles]))
        slot = max(drawn, longest, *(len(mark) for _, mark in titles))
        cells = levels(np.stack([head.values for head in block.maps]), block.limits, ink.steps)
        for start in range(0, len(titles), self.per_row):
            row = slice(start, start + self.per_row)
            lines += ["", *self._titles(titles[row], slot, in_one, ink.colored)]
            lines += painted(self._abreast(cells[row], slot), replace(ink, half=self.half))
        return [line.rstrip(" ") for line in lines[1:]]

    def _abreast(self, cells: Levels, slot: int) -> Levels:
        """The levels [map, row, column] of maps side by side as one matrix, each in a slot, with gaps between: all
        the maps of a row are painted at once."""
        count, rows, columns = cells.shape
        joined = cells.swapaxes(0, 1).reshape(rows, count * columns)
        whole = joined if self.half else enlarged(joined, self.high, self.wide)
        slots = np.full((len(whole), count, slot + GAP), BLANK, whole.dtype)
        slots[:, :, : columns * self.wide] = whole.reshape(len(whole), count, columns * self.wide)
        last = slot + GAP - columns * self.wide
        return slots.reshape(len(whole), -1)[:, :-last]

    def _titles(self, titles: list[tuple[str, str]], slot: int, in_one: bool, colored: bool) -> Iterator[str]:
        """The names and the marks of the maps in a row, in one line or in two."""
        if in_one:
            yield _line([_title(name, " " + mark if mark else "", colored) for name, mark in titles], slot)
            return
        yield _line([_title(name, "", colored) for name, _ in titles], slot)
        if any(mark for _, mark in titles):
            yield _line([_title("", mark, colored) for _, mark in titles], slot)


def _line(cells: list[tuple[str, int]], slot: int) -> str:
    """Texts side by side, each with its width, each in a slot."""
    return (" " * GAP).join(text + " " * (slot - width) for text, width in cells).rstrip(" ")


def _title(name: str, mark: str, colored: bool) -> tuple[str, int]:
    """A name and a mark, and how wide they are."""
    width = cell_len(name) + len(mark)
    return (f"{BOLD}{name}{PLAIN}{GREEN}{mark}{PLAIN}" if colored else name + mark), width


def grid_of(block: HeadMaps, width: int, ink: Ink, full: bool = False) -> Grid:
    """The grid for a window of this width: the maps of a layer in a row if there is room, else as many in a row as
    fit, with cells as large as fit. The sides are pooled where the smallest cells do not fit (`full`: never)."""
    rows, columns = replace(block.rows, step=1), replace(block.columns, step=1)
    abreast = block.abreast
    slot = (width + GAP) // abreast - GAP
    whole = columns.size if full or columns.size <= USUAL else 0  # so narrow a map need not be pooled
    if slot < max(NARROWEST if block.in_layers else USUAL, whole):
        most = max((width + GAP) // (max(USUAL, whole) + GAP), 1)
        abreast = -(-abreast // -(-abreast // most))
        slot = (width + GAP) // abreast - GAP
    slot = max(min(slot, WIDEST), 1)
    for wide, high in SIZES:
        if columns.size * wide <= slot and rows.size * high <= HIGHEST:
            return Grid(abreast, slot, rows, columns, wide, high)
    lines = slot if ink.half else max(slot // 2, min(slot, rows.size, HIGHEST))
    if not full:
        rows = replace(rows, step=step(rows.size, min(lines, 2 * HIGHEST if ink.half else HIGHEST)))
        columns = replace(columns, step=step(columns.size, slot))
    return Grid(abreast, slot, rows, columns, half=ink.half)
