"""Pages as PNG, by matplotlib (the extra `plot`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from attncli.errors import AttnError
from attncli.language import N_, Say
from attncli.render.page.colors import scale
from attncli.render.page.levels import MASKED_LEVEL, NAN_LEVEL, STEPS
from attncli.render.page.page import Options, Page
from attncli.render.pictures.drawing import FONT, QUIET, TURN, Cells, Drawing, Words, text_width
from attncli.render.pictures.sheet_writer import SheetWriter
from attncli.render.pictures.svg import NAN_COLOR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHARP, MOST = 2.0, 40_000_000
"""Pixels for each unit of the sheet along a side, fewer where the picture would have more than MOST of them."""
INCH = 72
MONOSPACE = "DejaVu Sans Mono"
"""It comes with matplotlib."""
NO_FONT = N_("This machine has no font for some characters; their codes are shown instead.")
BOXES = "Last Resort"
"""A font that has a box for every character."""


def writer(page: Page, output: IO[bytes], options: Options) -> SheetWriter:
    """Raises AttnError where matplotlib is not installed."""
    _needs_matplotlib()
    return SheetWriter(page, output, options, write_png)


def write_png(sheet: Drawing, output: IO[bytes], say: Say) -> None:
    """Writes a drawing as a PNG file."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    fonts = with_fonts(sheet, say)
    sharp = min(SHARP, (MOST / (sheet.width * sheet.height)) ** 0.5)
    figure = Figure((sheet.width / INCH, sheet.height / INCH), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    for cells in sheet.cells:
        _cells(axes, cells)
    for line in sheet.lines:
        xs, ys = zip(*line.points, strict=True)
        axes.plot(xs, ys, color=line.color, linewidth=line.width, zorder=2)
    for box in sheet.boxes:
        area = (box.x, box.y), box.width, box.height
        axes.add_patch(Rectangle(*area, facecolor=box.color, linewidth=0, zorder=3))
    for words in sheet.words:
        _words(axes, words, fonts)
    axes.set(xlim=(0, sheet.width), ylim=(sheet.height, 0), aspect="auto")
    figure.savefig(output, format="png", dpi=sharp * INCH)


def _needs_matplotlib() -> None:
    import logging

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it reports every font that it cannot use
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise AttnError(
            N_("a png needs matplotlib, which is not installed."),
            N_("pip install 'attncli[plot]', or write an .svg or .html, which need no other package."),
        ) from error


def _cells(axes: Axes, cells: Cells) -> None:
    """A matrix: its cells in color, and hatching behind masked keys."""
    from matplotlib.patches import Rectangle

    width, height = cells.size
    colors = np.full((*cells.levels.shape, 4), 255, np.uint8)  # [row, column, red green blue opacity]
    colored = cells.levels >= 0
    colors[colored, :3] = scale(STEPS, cells.signed)[cells.levels[colored]]
    colors[cells.levels == NAN_LEVEL, :3] = [int(NAN_COLOR[i : i + 2], 16) for i in (1, 3, 5)]
    colors[cells.levels == MASKED_LEVEL, 3] = 0
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
    axes.imshow(colors, extent=extent, interpolation="nearest", aspect="auto", zorder=1)


def _words(axes: Axes, words: Words, fonts: Sequence[str]) -> None:
    axes.text(
        words.x, words.y, words.text, fontsize=words.size, family=list(fonts), parse_math=False, zorder=4,
        ha={"start": "left", "middle": "center", "end": "right"}[words.anchor], va="baseline",
        rotation=TURN if words.turned else 0, rotation_mode="anchor",
        color=words.look.color, fontweight="bold" if words.look.bold else "normal",
    )  # fmt: skip


def with_fonts(sheet: Drawing, say: Say) -> list[str]:
    """The fonts of this machine that have the characters of a sheet. A character that no font has is replaced by
    its code, and a line below the sheet says so."""
    fonts, missing = _fonts({char for words in sheet.words for char in words.text})
    if missing:
        codes = {ord(char): f"\\u{ord(char):04x}" for char in missing}
        sheet.words = [_with_codes(words, codes) for words in sheet.words]
        note = say(NO_FONT)
        sheet.text(NO_FONT if _fonts(set(note))[1] else note, QUIET)
        sheet.height += FONT
    return fonts


def _with_codes(words: Words, codes: dict[int, str]) -> Words:
    """The words with some characters as codes, in a smaller font so that they do not overlap their neighbors."""
    text = words.text.translate(codes)
    smaller = max(text_width(words.text) / text_width(text), 0.6) if text else 1.0
    return replace(words, text=text, size=words.size * smaller)


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
