"""Many small maps side by side, the heads of a layer in a row where there is room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from attncli.formula.pooling import Side, step
from attncli.language import Say
from attncli.render.page.cells import cell_len, fit
from attncli.render.page.levels import Levels, levels
from attncli.render.page.maps import HeadMaps
from attncli.render.terminal.ink import BLANK, Ink, enlarged, painted

GAP, NARROW_GAP = 2, 1
NARROWEST = 8
"""The least width of a map with all heads of a layer in one row."""
USUAL = 15
"""The least width of a map otherwise, and of maps with the wider gap. There, a name and a mark share a line."""
WIDEST, HIGHEST = 40, 20
SIZES = ((4, 2, False), (2, 1, False), (2, 1, True), (1, 1, True))
"""The width and height of a cell in characters and lines, and whether two share a line; the largest first."""

BOLD, GREEN, PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[0m"


@dataclass(frozen=True)
class Grid:
    """How small maps are drawn: how many in a row, how wide each may be, how far apart they are, their sides, and
    the size of a cell."""

    per_row: int
    slot: int
    gap: int
    rows: Side
    columns: Side
    wide: int = 1
    high: int = 1
    half: bool = False

    @property
    def map_lines(self) -> int:
        """The lines of one map."""
        return -(-self.rows.size // 2) if self.half else self.rows.size * self.high

    def height(self, count: int) -> int:
        """About how many lines so many maps take, with their titles and the empty lines between."""
        return -(-count // self.per_row) * (self.map_lines + (2 if self.slot >= USUAL else 3))

    def lines(self, block: HeadMaps, ink: Ink, say: Say) -> list[str]:
        """All the maps of a block, row by row, each under its title."""
        lines: list[str] = []
        titles = [(say.marked(head.name), head.mark) for head in block.maps]
        drawn = self.columns.size * self.wide
        joined = [f"{name} {mark}".rstrip() for name, mark in titles]
        in_one = max(map(cell_len, joined)) <= max(self.slot, drawn)
        longest = max(map(cell_len, joined if in_one else [name for name, _ in titles]))
        slot = max(drawn, longest, min(self.slot, max(len(mark) for _, mark in titles)))
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
        whole = enlarged(joined, self.high, self.wide)
        slots = np.full((len(whole), count, slot + self.gap), BLANK, whole.dtype)
        slots[:, :, : columns * self.wide] = whole.reshape(len(whole), count, columns * self.wide)
        last = slot + self.gap - columns * self.wide
        return slots.reshape(len(whole), -1)[:, :-last]

    def _titles(self, titles: list[tuple[str, str]], slot: int, in_one: bool, colored: bool) -> Iterator[str]:
        """The names and the marks of the maps in a row, in one line or in two."""
        if in_one:
            yield self._line([_title(name, " " + mark if mark else "", colored) for name, mark in titles], slot)
            return
        yield self._line([_title(name, "", colored) for name, _ in titles], slot)
        if any(mark for _, mark in titles):
            yield self._line([_title("", fit(mark, slot), colored) for _, mark in titles], slot)

    def _line(self, cells: list[tuple[str, int]], slot: int) -> str:
        """Texts side by side, each with its width, each in a slot."""
        return (" " * self.gap).join(text + " " * (slot - width) for text, width in cells).rstrip(" ")


def _title(name: str, mark: str, colored: bool) -> tuple[str, int]:
    """A name and a mark, and how wide they are."""
    width = cell_len(name) + len(mark)
    return (f"{BOLD}{name}{PLAIN}{GREEN}{mark}{PLAIN}" if colored else name + mark), width


def grid_of(block: HeadMaps, width: int, ink: Ink, full: bool = False, height: int | None = None) -> Grid:
    """The grid for a window of this width: the maps of a layer in a row if there is room, else as many in a row as
    fit. Cells are as large as the width allows, and no larger than the height allows for all rows of maps; where
    none are small enough for that, as large as one row of maps allows. The sides are pooled where the smallest
    cells do not fit (`full`: never)."""
    rows, columns = replace(block.rows, step=1), replace(block.columns, step=1)
    abreast, slot, gap = _abreast(block, width, columns.size if full else min(columns.size, USUAL))
    grids = [Grid(abreast, slot, gap, rows, columns, *size) for size in SIZES if ink.half or not size[-1]]
    fitting = [grid for grid in grids if columns.size * grid.wide <= slot and grid.map_lines <= HIGHEST]
    if fitting:
        in_height = (grid for grid in fitting if height is None or grid.height(len(block.maps)) <= height)
        return next(in_height, None) or next((grid for grid in fitting if grid.high == 1), fitting[0])
    lines = slot if ink.half else max(slot // 2, min(slot, rows.size, HIGHEST))
    if not full:
        rows = replace(rows, step=step(rows.size, min(lines, 2 * HIGHEST if ink.half else HIGHEST)))
        columns = replace(columns, step=step(columns.size, slot))
    return Grid(abreast, slot, gap, rows, columns, half=ink.half)


def _abreast(block: HeadMaps, width: int, usual: int) -> tuple[int, int, int]:
    """How many maps are side by side, the room for each, and the gap between: the maps of a layer in one row if
    there is room, else as many as there is room for with the `usual` width."""
    count = block.abreast
    least = NARROWEST if block.in_layers else USUAL
    usual = max(least, usual)
    if _slot(width, count) < (least if block.in_layers else usual):
        most = max((width + NARROW_GAP) // (usual + NARROW_GAP), 1)
        count = -(-count // -(-count // most))
    gap = _gap(width, count)
    return count, max(min(_slot(width, count), WIDEST), 1), gap


def _gap(width: int, count: int) -> int:
    return GAP if (width + GAP) // count - GAP >= USUAL else NARROW_GAP


def _slot(width: int, count: int) -> int:
    """The room for each of so many maps side by side."""
    gap = _gap(width, count)
    return (width + gap) // count - gap
