"""Maps as a drawing: which cells and which words lie where, for whatever can put them on paper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from textwrap import wrap
from typing import Literal

import numpy as np
from rich.cells import cell_len, chop_cells

from attncli.insights.maps import HeadMap, Levels, Section, Side, levels
from attncli.insights.pooling import step
from attncli.render import map_words as words
from attncli.render.heatmap import short
from attncli.render.ink import STEPS
from attncli.render.table import summary
from attncli.render.terminal.grid import fit
from attncli.text.language import Say
from attncli.tracing.trace import Trace

LARGE, SMALL, CELLS = 400, 64, 600_000
"""The cells that a side of a map alone, and of one of many, has at most; and of all maps together."""
FONT = 12
GLYPH, LEADING = 0.6 * FONT, 1.4 * FONT
"""How wide a character is and how high a line."""
PAGE, THUMB, ABREAST = 640, 128, 16
"""About how large a map alone and one of many are, and how many of them lie side by side at most."""
EDGE, GAP = 16, 16
LABEL = 24
"""Characters of a label at most."""
LINE = 100
"""Characters of a line of text at most."""
TURN = 60
"""Degrees by which the labels of columns rise."""


Anchor = Literal["start", "middle", "end"]
Look = Literal["plain", "bold", "quiet", "mark"]


@dataclass(frozen=True, eq=False)
class Cells:
    """A map in its place: levels [row, column], drawn `cell` wide and high. `one` is the map that it shows."""

    x: float
    y: float
    cell: float
    levels: Levels
    signed: bool
    section: Section | None = None
    one: HeadMap | None = None
    stretch: float = 1.0
    """How much higher than wide a cell is."""

    @property
    def size(self) -> tuple[float, float]:
        rows, columns = self.levels.shape
        return columns * self.cell, rows * self.cell * self.stretch


@dataclass(frozen=True)
class Words:
    """A line of text, its baseline at y; `turned` ones rise to the right."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"
    look: Look = "plain"
    turned: bool = False


@dataclass
class Drawing:
    """All that is on the page."""

    cells: list[Cells] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    width: float = 0
    height: float = EDGE

    def line(self, text: str, look: Look = "plain") -> None:
        """A line of text below what is there."""
        self.height += LEADING
        self.put(Words(EDGE, self.height - 0.3 * FONT, text, look=look))

    def put(self, said: Words) -> None:
        self.words.append(said)
        if said.anchor == "start":
            wide = cell_len(said.text) * GLYPH * (np.cos(np.radians(TURN)) if said.turned else 1)
            self.width = max(self.width, said.x + wide + EDGE)

    def paste(self, cells: Cells) -> None:
        self.cells.append(cells)
        self.width = max(self.width, cells.x + cells.size[0] + EDGE)


def fitted(section: Section, full: bool) -> Section:
    """The section with its sides pooled to what a page has room for."""
    if full:
        return section
    count = len(section.maps)
    most = LARGE if count == 1 else int(np.clip((CELLS / count) ** 0.5, SMALL / 4, SMALL))

    def side(one: Side) -> Side:
        return replace(one, step=step(len(one.indices), most))

    return replace(section, rows=side(section.rows), columns=side(section.columns))


def drawing(head: Trace, sections: Sequence[Section], sort: str, say: Say) -> Drawing:
    """The page of some sections."""
    page = Drawing()
    if head.model is not None and head.tokens is not None:
        page.line(summary(head.model, say).plain, "bold")
    for section in sections:
        page.height += GAP / 2
        page.line(f"{say(section.formula)}   {say(section.meaning)}".rstrip(), "quiet")
        (_alone if len(section.maps) == 1 else _grid)(page, section, sort, say)
        page.height += GAP
        _scale(page, section)
        for note in notes(section, say):
            for part in _folded(note):
                page.line(part, "quiet")
    page.height += EDGE
    return page


def notes(section: Section, say: Say) -> Iterator[str]:
    """What is said below a section."""
    if words.has_not_allowed(section):
        yield say("hatched: not allowed, the query may not look there")
    if words.has_no_number(section):
        yield say("magenta: not a number")
    if section.pooled:
        yield words.pooling(section, say)
    found = list(words.marks(section))
    for kind, heads, looks in found:
        more = [say("{count} more", count=len(heads) - ABREAST)] if len(heads) > ABREAST else []
        yield f"{kind}: {', '.join([*heads[:ABREAST], *more])} – {say(looks)}"
    if found:
        yield say(words.MARKED)


def _folded(text: str) -> list[str]:
    """A text in lines, broken between words, or anywhere where it is of wide characters, which are not parted."""
    wide = cell_len(text) > len(text)
    return chop_cells(text, LINE) if wide else wrap(text, LINE)


def _alone(page: Drawing, section: Section, sort: str, say: Say) -> None:
    """One map with all its labels."""
    (one,) = section.maps
    page.line(f"{words.full_title(one, say)}  {words.shape(section, say)}", "bold")
    rows, columns = section.rows, section.columns
    cell = int(np.clip(PAGE // max(rows.size, columns.size), 2, 28))
    down, over = (_labels(side, cell) for side in (rows, columns))
    rise = np.sin(np.radians(TURN)) * GLYPH * max(cell_len(text) for _, text in over) + FONT
    x = EDGE + GLYPH * (max(cell_len(text) for _, text in down) + 1)
    y = page.height + rise
    for place, text in over:
        page.put(Words(x + (place + 0.5) * cell + 0.3 * FONT, y - 4, text, turned=True))
    for place, text in down:
        page.put(Words(x - GLYPH / 2, y + (place + 0.5) * cell + 0.35 * FONT, text, "end"))
    page.paste(Cells(x, y, cell, levels(one.values, section.limits, STEPS), section.signed, section, one))
    page.height = y + rows.size * cell


def _labels(side: Side, cell: float) -> list[tuple[int, str]]:
    """The labels along a side with the places of their cells: as many as there is room for."""
    every = int(np.ceil(1.2 * FONT / cell))
    named = side.names is not None and side.step == 1
    starts = [(place, block[0]) for place, block in enumerate(side.blocks)][::every]
    return [
        (place, f"{side.indices[i]} {fit(side.names[i], LABEL)}" if named and side.names else str(side.indices[i]))
        for place, i in starts
    ]


def _grid(page: Drawing, section: Section, sort: str, say: Say) -> None:
    """Many maps, the heads of a layer in a row."""
    page.line(f"{section.name}  {words.shape(section, say)}", "bold")
    rows, columns = section.rows, section.columns
    cell = int(np.clip(THUMB // max(rows.size, columns.size), 1, 16))
    abreast = max(Counter(one.layer for one in section.maps).values()) if sort == "layer" else len(section.maps)
    abreast = -(-abreast // -(-abreast // ABREAST))
    titles = [" ".join(filter(None, words.title(one, sort, say))) for one in section.maps]
    wide = max(columns.size * cell, GLYPH * max(map(cell_len, titles))) + GAP
    high = rows.size * cell + LEADING + GAP
    top = page.height
    for place, one in enumerate(section.maps):
        x, y = EDGE + place % abreast * wide, top + place // abreast * high + LEADING
        name, mark = words.title(one, sort, say)
        page.put(Words(x, y - 0.4 * FONT, name))
        if mark:
            page.put(Words(x + GLYPH * (cell_len(name) + 1), y - 0.4 * FONT, mark, look="mark"))
        page.paste(Cells(x, y, cell, levels(one.values, section.limits, STEPS), section.signed, section, one))
    page.height = top + -(-len(section.maps) // abreast) * high


def _scale(page: Drawing, section: Section) -> None:
    """The colours from the smallest number to the largest, with numbers below."""
    bar = np.arange(STEPS, dtype=np.int16)[None]
    page.paste(Cells(EDGE, page.height, 1.0, bar, section.signed, stretch=FONT))
    page.height += FONT + LEADING
    anchors: tuple[Anchor, ...] = ("start", "middle", "end")
    for at, anchor, number in zip((0, 0.5, 1), anchors, np.linspace(*section.limits, 3), strict=True):
        page.put(Words(EDGE + at * STEPS, page.height - 0.3 * FONT, short(float(number)), anchor))
