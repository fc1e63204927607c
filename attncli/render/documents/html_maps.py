"""Maps of heads in HTML: each a picture of its own with its tokens, and what the page's script needs of it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Any
from xml.etree.ElementTree import tostring

import numpy as np

from attncli.formula.pooling import Side
from attncli.formula.types import Array
from attncli.language import N_, Say
from attncli.render.page.levels import scale_number
from attncli.render.page.maps import HeadMap, HeadMaps
from attncli.render.page.page import Options
from attncli.render.page.text import shown
from attncli.render.pictures.drawing import FAINT, GREEN, INK, PAPER, RED, RULE, STYLE_COLORS, Drawing
from attncli.render.pictures.maps import draw_map, draw_scale, notes, side_labels
from attncli.render.pictures.plots import GRID
from attncli.render.pictures.svg import inline_svg

HELP = N_(
    "Point at a cell, or tap it, to see its number. Click a map or its name to enlarge it. With keys: Tab goes to "
    "the next map, arrows move over its cells, Enter enlarges it, Esc closes it."
)
INKS = {
    PAPER: "var(--paper)", INK: "var(--ink)", FAINT: "var(--faint)", RULE: "var(--rule)", GRID: "var(--grid)",
    GREEN: "var(--green)", RED: "var(--red)",
    **{STYLE_COLORS[name]: f"var(--{name})" for name in ("blue", "yellow", "magenta")},
}  # fmt: skip
"""The colors of pictures by the names that the styles of the page know them by."""
BORDER = 4


def picture(sheet: Drawing, alternative: str | None = None) -> str:
    """A drawing within the document, with the text that stands for it; None: other elements say it."""
    root = inline_svg(sheet, INKS)
    if alternative is None:
        root.set("aria-hidden", "true")
    else:
        root.set("role", "img")
        root.set("aria-label", alternative)
    return tostring(root, "unicode")


def maps_html(block: HeadMaps, options: Options) -> tuple[str, list[dict[str, Any]]]:
    """The maps, and where each lies in its picture with its numbers."""
    say = options.say

    def text(raw: str) -> str:
        return escape(shown(raw, say))

    formula = f"<code>{text(block.formula)}</code> " if block.formula else ""
    name = f'<b>{text(block.name)}</b> <span class="quiet">{text(block.shape)}</span>'
    caption = f'<figcaption>{formula}<span class="quiet">{text(block.meaning)}</span><br>{name}</figcaption>'
    rows, records = [], []
    for _, heads in groupby(block.maps, key=lambda head: head.row):
        pictures = [_map(block, head, options) for head in heads]
        rows.append(f'<div class="layer">{"".join(html for html, _ in pictures)}</div>')
        records += [record for _, record in pictures]
    low, high = (scale_number(limit) for limit in block.limits)
    bar = Drawing(options.picture)
    draw_scale(bar, block.limits, block.signed)
    scale = picture(bar, say("colors from {low} to {high}", low=low, high=high))
    below = "\n".join(f'<p class="quiet">{escape(note)}</p>' for note in notes(block, say))
    return f'<figure class="maps">{caption}\n{"".join(rows)}\n{scale}\n{below}</figure>', records


def _map(block: HeadMaps, head: HeadMap, options: Options) -> tuple[str, dict[str, Any]]:
    say = options.say
    sheet = Drawing(options.picture)
    width, height = draw_map(sheet, block, head, say, (BORDER, BORDER))
    sheet.width, sheet.height = max(sheet.width, width + 2 * BORDER), height + 2 * BORDER
    (cells,) = sheet.cells
    mark = f' <b class="positive">{escape(shown(head.mark, say))}</b>' if head.mark else ""
    button = f'<button type="button" class="name" tabindex="-1">{escape(shown(head.name, say))}{mark}</button>'
    label = escape(alternative(block, head, say))
    box = (
        f'<div class="cells" role="img" tabindex="0" aria-roledescription="{escape(say("map"))}" '
        f'aria-label="{label}" aria-describedby="keys">{picture(sheet)}</div>'
    )
    record = {"x": cells.x, "y": cells.y, "cell": cells.cell, "title": shown(head.title, say)}
    return f'<div class="map">{button}{box}</div>', record | {"values": held(head.values)}


def alternative(block: HeadMaps, head: HeadMap, say: Say) -> str:
    """A map in words: what it is of, and where its largest number is."""
    title = f"{shown(head.title, say)} {shown(block.shape, say)}"
    finite = np.where(np.isfinite(head.values), head.values, -np.inf)
    if not np.isfinite(finite).any():
        return title
    row, column = np.unravel_index(int(finite.argmax()), finite.shape)
    largest = say(
        "largest: {number}, {row}, {column}", number=scale_number(float(finite[row, column])),
        row=cell_names(block.rows, say)[row], column=cell_names(block.columns, say)[column],
    )  # fmt: skip
    return f"{title}, {largest}"


def side_record(block: HeadMaps, say: Say) -> dict[str, list[str]]:
    """The names of the lines of both sides: whole, and short as labels."""
    return {
        "rows": cell_names(block.rows, say),
        "columns": cell_names(block.columns, say),
        "row_labels": [shown(label, say) for label in side_labels(block.rows, say)],
        "column_labels": [shown(label, say) for label in side_labels(block.columns, say)],
    }


def cell_names(side: Side, say: Say) -> list[str]:
    """The contents of each cell along a side: the axis, the first and the last index, and their names."""
    names = []
    for lines in side.blocks:
        ends = dict.fromkeys((lines[0], lines[-1]))
        indices = "–".join(str(side.indices[i]) for i in ends)
        texts: Sequence[str] = () if side.names is None else [shown(side.names[i], say) for i in ends]
        name = "".join([" ", "…".join(dict.fromkeys(texts))]) if texts else ""
        names.append(f"{say(side.axis)} {indices}{name}")
    return names


def held(values: Array) -> list[list[float | str | None]]:
    """The numbers to four digits. A masked key is null; what else is no finite number has a word of `words`."""
    return [list(map(_word, row)) for row in _four_digits(values).tolist()]


def _word(value: float) -> float | str | None:
    if np.isfinite(value):
        return value
    return None if value == -np.inf else "nan" if value != value else "inf"


def words(say: Say) -> dict[str, str]:
    """What the script says for cells without a number."""
    return {"masked": say("masked"), "nan": say("not a number (NaN)"), "inf": say("infinite"), "map": say("map")}


def _four_digits(values: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        digits = 10.0 ** (3 - np.floor(np.log10(np.abs(np.where(values == 0, 1, values)))))
        rounded: Array = np.where(np.isfinite(values), np.rint(values * digits) / digits, values)
    return rounded
