"""Drawings as figures of matplotlib (the extra `plot`): what PNG and PDF are written from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from attncli.errors import AttnError
from attncli.language import N_, Say
from attncli.render.page.colors import scale
from attncli.render.page.levels import MASKED_LEVEL, NAN_LEVEL, STEPS
from attncli.render.page.picture_style import UNITS_PER_INCH
from attncli.render.pictures.drawing import (
    BAND,
    FONT,
    HATCH,
    NAN_COLOR,
    NAN_CROSS,
    PAPER,
    QUIET,
    TURN,
    Cells,
    Drawing,
    Words,
    text_width,
)
from attncli.render.pictures.runs import level_runs

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 72
"""The points of an inch."""
MONOSPACE = "DejaVu Sans Mono"
"""It comes with matplotlib."""
NO_FONT = N_("This machine has no font for some characters; their codes are shown instead.")
BOXES = "Last Resort"
"""A font that has a box for every character."""


def needs_matplotlib(format_: str) -> None:
    """Raises AttnError where matplotlib is not installed."""
    import logging

    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it reports every font that it cannot use
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise AttnError(
            N_("a {format} needs matplotlib, which is not installed.", format=format_),
            N_("pip install 'attncli[plot]', or write an .svg or .html, which need no other package."),
        ) from error


def figure_of(sheet: Drawing, say: Say) -> Figure:
    """A drawing as a figure, of the size that its style names, or else of its own."""
    from matplotlib.figure import Figure

    fonts = with_fonts(sheet, say)
    width, height = inches(sheet)
    fitted = min(width / sheet.width, height / sheet.height)  # inches for each unit
    figure = Figure((width, height), facecolor=PAPER)
    wide, high = sheet.width * fitted / width, sheet.height * fitted / height
    axes = figure.add_axes(((1 - wide) / 2, (1 - high) / 2, wide, high))
    axes.set_axis_off()
    axes.set(xlim=(0, sheet.width), ylim=(sheet.height, 0), aspect="auto")
    points = fitted * POINTS
    for cells in sheet.cells:
        _cells(axes, cells, sheet.style.colors, points)
    for line in sheet.lines:
        xs, ys = zip(*line.points, strict=True)
        axes.plot(xs, ys, color=line.color, linewidth=line.width * points, zorder=2, scalex=False, scaley=False)
    for box in sheet.boxes:
        _rectangle(axes, (box.x, box.y, box.width, box.height), 3, facecolor=box.color)
    for words in sheet.words:
        _words(axes, words, fonts, points)
    return figure


def inches(sheet: Drawing) -> tuple[float, float]:
    """The width and the height of the picture."""
    if sheet.style.size is None:
        return sheet.width / UNITS_PER_INCH, sheet.height / UNITS_PER_INCH
    width, height = sheet.style.size.inches
    return width, width * sheet.height / sheet.width if height is None else height


def _rectangle(axes: Axes, area: tuple[float, float, float, float], zorder: int, **looks: Any) -> None:
    from matplotlib.patches import Rectangle

    x, y, width, height = area
    axes.add_patch(Rectangle((x, y), width, height, linewidth=0, zorder=zorder, **looks))


def _cells(axes: Axes, cells: Cells, name: str, points: float) -> None:
    """A matrix: its cells in color, hatching behind masked keys, a cross on each NaN."""
    from matplotlib.collections import PolyCollection

    if (cells.levels == MASKED_LEVEL).any():
        _rectangle(axes, (cells.x, cells.y, *cells.size), 0, facecolor=BAND, edgecolor=HATCH, hatch="////")
    colors = scale(STEPS, cells.signed, name) / 255
    high = cells.cell * cells.stretch
    for level, runs in level_runs(cells.levels).items():
        x, y = cells.x + runs[:, 0] * cells.cell, cells.y + runs[:, 1] * high
        right = x + runs[:, 2] * cells.cell
        corners = np.stack([np.stack([x, right, right, x], -1), np.stack([y, y, y + high, y + high], -1)], -1)
        color = NAN_COLOR if level == NAN_LEVEL else colors[level]
        # the line, as thin as it can be seen, closes the seams that viewers leave between neighbors
        drawn = PolyCollection(list(corners), facecolor=color, edgecolor=color, linewidth=0.1 * points, zorder=1)
        axes.add_collection(drawn, autolim=False)
    rows, columns = np.nonzero(cells.levels == NAN_LEVEL)
    if len(rows):
        x, y = cells.x + columns[:, None] * cells.cell, cells.y + rows[:, None] * high
        gap = np.nan
        xs, ys = (
            x + cells.cell * np.array([0.2, 0.8, gap, 0.8, 0.2, gap]),
            y + high * np.array([0.2, 0.8, gap, 0.2, 0.8, gap]),
        )
        looks: dict[str, Any] = {"color": NAN_CROSS, "linewidth": 0.15 * cells.cell * points}
        axes.plot(xs.ravel(), ys.ravel(), zorder=1.5, scalex=False, scaley=False, **looks)


def _words(axes: Axes, words: Words, fonts: Sequence[str], points: float) -> None:
    axes.text(
        words.x, words.y, words.text, fontsize=words.size * points, family=list(fonts), parse_math=False, zorder=4,
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
