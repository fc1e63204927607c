"""A drawing: where words, cells, boxes and lines lie on a sheet, in units of 1/96 inch. SVG, PNG, PDF draw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

import numpy as np

from attncli.render.page.cells import cell_len
from attncli.render.page.levels import Levels
from attncli.render.page.line_breaks import breaks
from attncli.render.page.maps import HeadMap, HeadMaps
from attncli.render.page.picture_style import PLAIN as UNSTYLED
from attncli.render.page.picture_style import UNITS_PER_INCH, PictureStyle
from attncli.render.page.text import safe

FONT = 12
GLYPH, LEADING = 0.6 * FONT, 1.4 * FONT
"""The width of a character and the height of a line."""
EDGE, GAP = 16, 16
TITLE = 16
"""The size of the title's letters."""
LINE = 110
"""The most characters in a line of text, where the picture has no size of its own."""
SHORT = 30
"""The fewest; a smaller picture is drawn smaller."""
TURN = 60
"""Degrees by which the labels of columns rise."""

Anchor = Literal["start", "middle", "end"]

PAPER, INK, FAINT, GREEN, RED, BLUE, RULE, BAND, HATCH = (
    "#ffffff", "#1a1a1a", "#666666", "#00695c", "#b71c1c", "#1565c0", "#bdbdbd", "#f4f4f4", "#cfcfcf",
)  # fmt: skip
NAN_COLOR, NAN_CROSS = "#c2185b", "#fefefe"
"""A cell whose number is NaN is a cross on this color; scales may come near the color, but have no cross."""
STYLE_COLORS = {
    "cyan": GREEN, "green": GREEN, "red": RED, "dim": FAINT, "blue": BLUE, "yellow": "#b26a00",
    "magenta": "#8e24aa",
}  # fmt: skip
"""The colors of the styles of blocks, all of them readable on white."""


@dataclass(frozen=True)
class Look:
    """The color of a text, and whether it is bold."""

    color: str = INK
    bold: bool = False


PLAIN, BOLD, QUIET, MARK, FORMULA = Look(), Look(bold=True), Look(FAINT), Look(GREEN, True), Look(GREEN)


def look_of(style: str | None) -> Look:
    """The look of a style such as "bold red"."""
    words = (style or "").split()
    return Look(next((STYLE_COLORS[word] for word in words if word in STYLE_COLORS), INK), "bold" in words)


@dataclass(frozen=True, eq=False)
class Cells:
    """A matrix in its place: levels [row, column], each cell `cell` wide and `cell * stretch` high. `head` is the
    map of a block that it shows."""

    x: float
    y: float
    cell: float
    levels: Levels
    signed: bool
    block: HeadMaps | None = None
    head: HeadMap | None = None
    stretch: float = 1.0

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
    look: Look = PLAIN
    turned: bool = False
    size: float = FONT


@dataclass(frozen=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    color: str


@dataclass(frozen=True)
class Line:
    """A line through points (x, y)."""

    points: Sequence[tuple[float, float]]
    color: str = RULE
    width: float = 1.0


@dataclass
class Drawing:
    """A sheet. Blocks are added from top to bottom; `height` is where the next one begins."""

    style: PictureStyle = UNSTYLED
    cells: list[Cells] = field(default_factory=list)
    words: list[Words] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    width: float = 2 * EDGE
    height: float = EDGE

    @property
    def characters(self) -> int:
        """The most characters in a line of text."""
        if self.style.size is None:
            return LINE
        width, _ = self.style.size.inches
        return max(int((width * UNITS_PER_INCH - 2 * EDGE) / GLYPH), SHORT)

    @property
    def room(self) -> float:
        """About how wide a figure may be."""
        return self.characters * GLYPH

    def title(self, text: str) -> None:
        """Adds the title of the whole sheet."""
        for line in wrapped(safe(text), int(self.characters * FONT / TITLE)):
            self.height += LEADING * TITLE / FONT
            self.put(Words(EDGE, self.height - 0.3 * TITLE, line, look=BOLD, size=TITLE))
        self.height += GAP / 2

    def text(self, text: str, look: Look = PLAIN, indent: float = 0) -> None:
        """Adds running text in as many lines as it needs."""
        self.spans([(text, look)], indent)

    def spans(self, spans: Sequence[tuple[str, Look]], indent: float = 0) -> None:
        """Adds running text in several styles, in as many lines as it needs."""
        room = max(self.characters - int(indent / GLYPH), 20)
        for line in span_lines([(safe(text), look) for text, look in spans], room):
            self.height += LEADING
            x = EDGE + indent
            for text, look in line:
                self.put(Words(x, self.height - 0.3 * FONT, text, look=look))
                x += cell_len(text) * GLYPH

    def put(self, words: Words) -> None:
        """Adds a line of text in its place."""
        if not words.text:
            return
        words = replace(words, text=safe(words.text))
        self.words.append(words)
        wide = text_width(words.text, words.size)
        if words.turned:
            wide = wide * np.cos(np.radians(TURN)) + FONT
        reach = {"start": wide, "middle": wide / 2, "end": 0}[words.anchor]
        self.width = max(self.width, words.x + reach + EDGE)

    def paste(self, cells: Cells) -> None:
        """Adds a matrix of cells."""
        self.cells.append(cells)
        self.width = max(self.width, cells.x + cells.size[0] + EDGE)

    def box(self, box: Box) -> None:
        self.boxes.append(box)
        self.width = max(self.width, box.x + box.width + EDGE)

    def line(self, line: Line) -> None:
        self.lines.append(line)
        self.width = max(self.width, *(x + EDGE for x, _ in line.points))


def text_width(text: str, size: float = FONT) -> float:
    """How wide a text is in a font whose characters are all equally wide, East Asian ones twice."""
    return cell_len(text) * GLYPH * size / FONT


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines of at most `width` characters."""
    lines = []
    for paragraph in text.split("\n"):
        cuts = [0, *breaks(paragraph, width), len(paragraph)]
        lines += [paragraph[a:b].rstrip() for a, b in pairwise(cuts)]
    return lines


def span_lines(spans: Sequence[tuple[str, Look]], width: int) -> list[list[tuple[str, Look]]]:
    """The pieces of a text in several looks, in lines of at most `width` characters."""
    whole = "".join(text for text, _ in spans)
    lines, looks = [], [look for text, look in spans for _ in text]
    cuts = [0, *breaks(whole, width), len(whole)]
    for start, stop in pairwise(cuts):
        line: list[tuple[str, Look]] = []
        for char, look in zip(whole[start:stop].rstrip(), looks[start:], strict=False):
            if line and line[-1][1] == look:
                line[-1] = line[-1][0] + char, look
            else:
                line.append((char, look))
        lines.append(line)
    return lines
