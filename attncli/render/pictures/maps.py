"""Maps of heads on a sheet: one large with its labels, or many as a grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from attncli.formula.pooling import Side
from attncli.language import Say
from attncli.render.page.cells import cell_len, fit
from attncli.render.page.levels import STEPS, Levels, levels, scale_number
from attncli.render.page.maps import HeadMaps
from attncli.render.page.page import Options
from attncli.render.pictures.drawing import (
    BOLD,
    EDGE,
    FONT,
    GAP,
    GLYPH,
    LEADING,
    MARK,
    QUIET,
    TURN,
    Anchor,
    Cells,
    Drawing,
    Words,
)

SINGLE, THUMB, ABREAST = 640, 128, 16
"""About how large a single map and one of many are, and how many of them lie side by side at most."""
LABEL = 24
"""The characters that a label has at most."""


def draw_maps(sheet: Drawing, block: HeadMaps, options: Options) -> None:
    """Adds the formula and the name, the maps, the scale, and what colors and marks mean."""
    say = options.say
    sheet.text(f"{say.marked(block.formula)}   {say.marked(block.meaning)}".rstrip(), QUIET)
    sheet.text(f"{say.marked(block.name)}  {say.marked(block.shape)}", BOLD)
    (_single if len(block.maps) == 1 else _grid)(sheet, block, say)
    sheet.height += GAP
    draw_scale(sheet, block.limits, block.signed)
    for note in notes(block, say):
        sheet.text(note, QUIET)


def notes(block: HeadMaps, say: Say) -> Iterator[str]:
    """The text below the maps of a block."""
    if block.has_masked:
        yield say("hatched: masked, the query cannot attend to the key")
    if block.has_nan:
        yield say("magenta: not a number")
    if block.pooling:
        yield say.marked(block.pooling)
    for mark, heads, meaning in block.legend:
        more = [say("{count} more", count=len(heads) - ABREAST)] if len(heads) > ABREAST else []
        yield f"{mark}: {', '.join([*heads[:ABREAST], *more])} – {say.marked(meaning)}"
    if block.marking:
        yield say.marked(block.marking)


def _single(sheet: Drawing, block: HeadMaps, say: Say) -> None:
    """A map with all its labels."""
    (head,) = block.maps
    rows, columns = block.rows, block.columns
    cell = int(np.clip(SINGLE // max(rows.size, columns.size), 2, 28))
    down, over = (every_label(_labels(side, say), cell) for side in (rows, columns))
    cell_levels = levels(head.values, block.limits, STEPS)
    x, y = draw_labels(sheet, down, over, cell, cell)
    sheet.paste(Cells(x, y, cell, cell_levels, block.signed, block, head))
    sheet.height = y + rows.size * cell


def _labels(side: Side, say: Say) -> list[str]:
    """The label of each cell along a side: the index of its line, and the name if it is one line."""
    indices = [str(side.indices[lines[0]]) for lines in side.blocks]
    if side.names is None or side.step > 1:
        return indices
    return [f"{i} {fit(say.marked(name), LABEL)}" for i, name in zip(indices, side.names, strict=True)]


def every_label(labels: Sequence[str], cell: float) -> list[tuple[int, str]]:
    """As many labels as there is room for along cells of this size, each with the position of its cell."""
    return list(enumerate(labels))[:: int(np.ceil(1.2 * FONT / cell))]


def draw_labels(
    sheet: Drawing, down: Sequence[tuple[int, str]], over: Sequence[tuple[int, str]], wide: float, high: float
) -> tuple[float, float]:
    """Adds the labels of rows and of columns, for cells of this size. Gives the corner where the cells begin."""
    rise = np.sin(np.radians(TURN)) * GLYPH * max(cell_len(text) for _, text in over) + FONT
    x = EDGE + GLYPH * (max(cell_len(text) for _, text in down) + 1)
    y = sheet.height + rise
    for position, text in over:
        sheet.put(Words(x + (position + 0.5) * wide + 0.3 * FONT, y - 4, text, turned=True))
    for position, text in down:
        sheet.put(Words(x - GLYPH / 2, y + (position + 0.5) * high + 0.35 * FONT, text, "end"))
    return x, y


def _grid(sheet: Drawing, block: HeadMaps, say: Say) -> None:
    """Many maps, the heads of a layer in a row."""
    rows, columns = block.rows, block.columns
    cell = int(np.clip(THUMB // max(rows.size, columns.size), 1, 16))
    abreast = -(-block.abreast // -(-block.abreast // ABREAST))
    names = [say.marked(head.name) for head in block.maps]
    titles = [f"{name} {head.mark}".rstrip() for name, head in zip(names, block.maps, strict=True)]
    wide = max(columns.size * cell, GLYPH * max(map(cell_len, titles))) + GAP
    high = rows.size * cell + LEADING + GAP
    top = sheet.height
    for position, (name, head) in enumerate(zip(names, block.maps, strict=True)):
        x, y = EDGE + position % abreast * wide, top + position // abreast * high + LEADING
        sheet.put(Words(x, y - 0.4 * FONT, name))
        sheet.put(Words(x + GLYPH * (cell_len(name) + 1), y - 0.4 * FONT, head.mark, look=MARK))
        cell_levels = levels(head.values, block.limits, STEPS)
        sheet.paste(Cells(x, y, cell, cell_levels, block.signed, block, head))
    sheet.height = top + -(-len(block.maps) // abreast) * high


def draw_scale(sheet: Drawing, limits: tuple[float, float], signed: bool) -> None:
    """Adds the colors from the smallest number to the largest, with numbers below."""
    bar: Levels = np.arange(STEPS, dtype=np.int16)[None]
    sheet.paste(Cells(EDGE, sheet.height, 1.0, bar, signed, stretch=FONT))
    sheet.height += FONT + LEADING
    anchors: tuple[Anchor, ...] = ("start", "middle", "end")
    for fraction, anchor, number in zip((0, 0.5, 1), anchors, np.linspace(*limits, 3), strict=True):
        sheet.put(Words(EDGE + fraction * STEPS, sheet.height - 0.3 * FONT, scale_number(float(number)), anchor))
