"""Maps as PNG, by matplotlib (the extra `plot`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from attncli.errors import AttnError
from attncli.insights.maps import NOT_A_NUMBER, NOT_ALLOWED, Section
from attncli.render.colours import scale
from attncli.render.ink import STEPS
from attncli.render.map_drawing import FONT, TURN, Cells, Drawing, Words, drawing, fitted
from attncli.render.map_svg import BROKEN
from attncli.render.page.page import Options
from attncli.text.language import Say
from attncli.tracing.trace import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHARP, MOST = 2.0, 40_000_000
"""Pixels for each unit of the page along a side, fewer where the picture would have more than MOST of them."""
INCH = 72
LOOKS: dict[str, dict[str, Any]] = {
    "plain": {"color": "#1a1a1a"},
    "bold": {"color": "#1a1a1a", "fontweight": "bold"},
    "quiet": {"color": "#666666"},
    "mark": {"color": "#00695c", "fontweight": "bold"},
}
MONOSPACE = "DejaVu Sans Mono"
"""It comes with matplotlib."""
BOXES = "Last Resort"
"""A font that has a box for every character."""


class MapPng:
    def __init__(self, head: Trace, output: IO[bytes], options: Options, sort: str) -> None:
        self.head, self.output, self.options, self.sort = head, output, options, sort
        _needs_matplotlib()

    def fitted(self, section: Section) -> Section:
        return fitted(section, self.options.full)

    def write(self, sections: Sequence[Section]) -> None:
        from matplotlib.figure import Figure

        page = drawing(self.head, sections, self.sort, self.options.say)
        page, fonts = _written(page, self.options.say)
        sharp = min(SHARP, (MOST / (page.width * page.height)) ** 0.5)
        figure = Figure((page.width / INCH, page.height / INCH), facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        for cells in page.cells:
            _draw(axes, cells)
        for words in page.words:
            _write(axes, words, fonts)
        axes.set(xlim=(0, page.width), ylim=(page.height, 0), aspect="auto")
        figure.savefig(self.output, format="png", dpi=sharp * INCH)


def writer(head: Trace, output: IO[bytes], options: Options, sort: str) -> MapPng:
    return MapPng(head, output, options, sort)


def _needs_matplotlib() -> None:
    import logging

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # of fonts it says more than anyone asked
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise AttnError(
            "a png needs matplotlib, which is not installed.",
            "pip install 'attncli[plot]', or write an .svg or .html, which need nothing.",
        ) from error


def _draw(axes: Axes, cells: Cells) -> None:
    """A map: its cells in colour, and hatching where nothing is allowed."""
    from matplotlib.patches import Rectangle

    width, height = cells.size
    colours = np.full((*cells.levels.shape, 4), 255, np.uint8)  # [row, column, red green blue opacity]
    seen = cells.levels >= 0
    colours[seen, :3] = scale(STEPS, cells.signed)[cells.levels[seen]]
    colours[cells.levels == NOT_A_NUMBER, :3] = [int(BROKEN[i : i + 2], 16) for i in (1, 3, 5)]
    colours[cells.levels == NOT_ALLOWED, 3] = 0
    if (cells.levels < 0).any():
        ground: dict[str, Any] = {
            "facecolor": "#f4f4f4",
            "edgecolor": "#cfcfcf",
            "hatch": "////",
            "linewidth": 0,
            "zorder": 0,
        }
        axes.add_patch(Rectangle((cells.x, cells.y), width, height, **ground))
    extent = (cells.x, cells.x + width, cells.y + height, cells.y)
    axes.imshow(colours, extent=extent, interpolation="nearest", aspect="auto", zorder=1)


def _write(axes: Axes, words: Words, fonts: Sequence[str]) -> None:
    axes.text(
        words.x, words.y, words.text, fontsize=FONT, family=list(fonts), parse_math=False,
        ha={"start": "left", "middle": "center", "end": "right"}[words.anchor], va="baseline",
        rotation=TURN if words.turned else 0, rotation_mode="anchor", **LOOKS[words.look],
    )  # fmt: skip


def _written(page: Drawing, say: Say) -> tuple[Drawing, list[str]]:
    """The page with its words in characters that some font of this machine has, and those fonts. A character that
    none has is written as its code."""
    used = {char for words in page.words for char in words.text}
    fonts, missing = _fonts(used)
    if not missing:
        return page, fonts
    table = {ord(char): f"\\u{ord(char):04x}" for char in missing}
    page.words = [replace(words, text=words.text.translate(table)) for words in page.words]
    page.line(say("No font on this machine has some of the characters: their codes stand for them."), "quiet")
    page.height += FONT
    return page, fonts


def _fonts(used: set[str]) -> tuple[list[str], set[str]]:
    """The names of fonts that have these characters between them, and the characters that no font has."""
    from matplotlib.font_manager import fontManager, get_font

    def lacking(file: str, chars: set[str]) -> set[str]:
        known = get_font(file).get_charmap()
        return {char for char in chars if ord(char) not in known}

    missing = lacking(fontManager.findfont(MONOSPACE), used)
    fonts = [MONOSPACE]
    for entry in fontManager.ttflist:
        if not missing:
            break
        if entry.name.startswith(BOXES):
            continue
        left = lacking(entry.fname, missing)
        if left != missing:
            fonts.append(entry.name)
            missing = left
    return fonts, missing
