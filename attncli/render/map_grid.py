"""Many small maps side by side, the heads of a layer in a row where there is room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from rich.cells import cell_len

from attncli.insights.maps import HeadMap, Section, Side, levels
from attncli.insights.pooling import step
from attncli.render.ink import Ink, enlarged, painted
from attncli.render.map_words import title
from attncli.text.language import Say

GAP = 2
NARROWEST = 9
"""How wide a map must be for all heads of a layer to stay in one row; the longest mark is as wide."""
USUAL = 15
"""How wide one is at least where they do not."""
WIDEST, HIGHEST = 40, 20
SIZES = ((4, 2), (2, 1))
"""Characters and lines that a cell takes where it takes whole ones."""

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

    def lines(self, section: Section, sort: str, ink: Ink, say: Say) -> list[str]:
        """All the maps of a section, row by row, each under its title."""
        made: list[str] = []
        titles = {id(one): title(one, sort, say) for one in section.maps}
        for start in range(0, len(section.maps), self.per_row):
            made += ["", *self._row(section, section.maps[start : start + self.per_row], titles, ink)]
        return made[1:]

    def _row(
        self, section: Section, maps: tuple[HeadMap, ...], titles: dict[int, tuple[str, str]], ink: Ink
    ) -> Iterator[str]:
        drawn = self.columns.size * self.wide
        in_one = max(cell_len(f"{name} {mark}".rstrip()) for name, mark in titles.values()) <= max(
            self.slot, drawn
        )
        longest = max(cell_len(f"{name} {mark}".rstrip() if in_one else name) for name, mark in titles.values())
        slot = max(drawn, longest, *(len(mark) for _, mark in titles.values()))

        def line(cells: list[tuple[str, int]]) -> str:
            """Texts side by side, each with how wide it looks."""
            return (" " * GAP).join(text + " " * (slot - width) for text, width in cells).rstrip(" ")

        named = [titles[id(one)] for one in maps]
        styles = (BOLD, GREEN, PLAIN) if ink.coloured else ("", "", "")
        if in_one:
            yield line([_titled(name, " " + mark if mark else "", styles) for name, mark in named])
        else:
            yield line([_titled(name, "", styles) for name, _ in named])
            if any(mark for _, mark in named):
                yield line([_titled("", mark, styles) for _, mark in named])
        pictures = [self._picture(one, section.limits, ink) for one in maps]
        for parts in zip_longest(*pictures):
            yield line([(part, drawn) for part in parts])

    def _picture(self, one: HeadMap, limits: tuple[float, float], ink: Ink) -> list[str]:
        cells = levels(one.values, limits, ink.steps)
        whole = cells if self.half else enlarged(cells, self.high, self.wide)
        return painted(whole, replace(ink, half=self.half))


def _titled(name: str, mark: str, styles: tuple[str, str, str]) -> tuple[str, int]:
    bold, green, plain = styles
    return f"{bold}{name}{plain}{green}{mark}{plain}", cell_len(name) + len(mark)


def grid_of(section: Section, width: int, ink: Ink, sort: str, full: bool = False) -> Grid:
    """The grid for a window of that width: maps of a layer in a row if each then has room, else as many in a row
    as go, and cells as large as fit; pooled where they do not (`full`: never)."""
    rows, columns = replace(section.rows, step=1), replace(section.columns, step=1)
    abreast = len(section.maps)
    if sort == "layer":
        abreast = max(Counter(one.layer for one in section.maps).values())
    slot = (width + GAP) // abreast - GAP
    in_layers = sort == "layer" and section.maps[0].layer is not None
    whole = columns.size if full or columns.size <= USUAL else 0  # so narrow a map need not be pooled
    if slot < max(NARROWEST if in_layers else USUAL, whole):
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
