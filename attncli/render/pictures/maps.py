"""Maps of heads on a sheet: one large with its labels, or many as a grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from attncli.formula.pooling import Side
from attncli.language import Say
from attncli.render.page.cells import cell_len, fit
from attncli.render.page.levels import STEPS, Levels, levels, scale_number
from attncli.render.page.maps import HeadMap, HeadMaps
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
LABEL, SHORT_LABEL = 24, 10
"""The characters that a label has at most, of a single map and of one of many."""
SMALL_FONT = 9
"""The letters of labels beside one of many maps."""


def draw_maps(sheet: Drawing, block: HeadMaps, options: Options) -> None:
    """Adds the formula and the name, the maps, the scale, and what colors and marks mean."""
    say = options.say
    sheet.text(f"{say.marked(block.formula)}   {say.marked(block.meaning)}".rstrip(), QUIET)
    sheet.text(f"{say.marked(block.name)}  {say.marked(block.shape)}", BOLD)
    if len(block.maps) == 1:
        sheet.height += draw_map(sheet, block, block.maps[0], say, (EDGE, sheet.height))[1]
    else:
        _grid(sheet, block, say)
    sheet.height += GAP
    draw_scale(sheet, block.limits, block.signed)
    for note in notes(block, say):
        sheet.text(note, QUIET)


def notes(block: HeadMaps, say: Say) -> Iterator[str]:
    """The text below the maps of a block."""
    yield from signs(block.has_masked, block.has_nan, say)
    if block.pooling:
        yield say.marked(block.pooling)
    for mark, heads, meaning in block.legend:
        more = [say("{count} more", count=len(heads) - ABREAST)] if len(heads) > ABREAST else []
        yield f"{mark}: {', '.join([*heads[:ABREAST], *more])} – {say.marked(meaning)}"
    if block.marking:
        yield say.marked(block.marking)


def signs(masked: bool, nan: bool, say: Say) -> Iterator[str]:
    """What the signs of cells without a number mean, of those that there are."""
    if masked:
        yield say("hatched: masked, the query cannot attend to the key")
    if nan:
        yield say("magenta with a cross: not a number (NaN)")


def draw_map(
    sheet: Drawing, block: HeadMaps, head: HeadMap, say: Say, corner: tuple[float, float]
) -> tuple[float, float]:
    """Adds a map with the labels of its lines, its top left corner there. Gives the size of both together."""
    rows, columns = block.rows, block.columns
    alone = len(block.maps) == 1
    most, font = (LABEL, FONT) if alone else (SHORT_LABEL, SMALL_FONT)
    names = side_labels(rows, say, most), side_labels(columns, say, most)
    beside, above = _margins(*names, font)
    room = min(SINGLE, sheet.room - beside) if alone else THUMB
    cell = int(np.clip(room // max(rows.size, columns.size), 2, 28 if alone else 16))
    down, over = (every_label(labels, cell, font) for labels in names)
    x, y = corner[0] + beside, corner[1] + above
    _labels_at(sheet, down, over, (x, y), (cell, cell), font)
    sheet.paste(Cells(x, y, cell, levels(head.values, block.limits, STEPS), block.signed, block, head))
    return beside + columns.size * cell, above + rows.size * cell


def side_labels(side: Side, say: Say, most: int = LABEL) -> list[str]:
    """The label of each cell along a side: the index of its line, or of its first, and the name in at most so many
    characters."""
    indices = [str(side.indices[lines[0]]) for lines in side.blocks]
    if side.names is None:
        return indices
    more = "…" if side.step > 1 else ""
    first = [say.marked(side.names[lines[0]]) for lines in side.blocks]
    return [f"{i} {fit(name, most)}{more}" for i, name in zip(indices, first, strict=True)]


def every_label(labels: Sequence[str], cell: float, font: float = FONT) -> list[tuple[int, str]]:
    """As many labels as there is room for along cells of this size, each with the position of its cell."""
    return list(enumerate(labels))[:: int(np.ceil(1.2 * font / cell))]


def draw_labels(
    sheet: Drawing, down: Sequence[tuple[int, str]], over: Sequence[tuple[int, str]], wide: float, high: float
) -> tuple[float, float]:
    """Adds the labels of rows and of columns, for cells of this size. Gives the corner where the cells begin."""
    beside, above = _margins([text for _, text in down], [text for _, text in over], FONT)
    x, y = EDGE + beside, sheet.height + above
    _labels_at(sheet, down, over, (x, y), (wide, high), FONT)
    return x, y


def _margins(down: Sequence[str], over: Sequence[str], font: float) -> tuple[float, float]:
    """How much room labels need beside the cells and above them."""
    glyph = GLYPH * font / FONT
    rise = np.sin(np.radians(TURN)) * glyph * max(map(cell_len, over)) + font
    return glyph * (max(map(cell_len, down)) + 1), float(rise)


def _labels_at(
    sheet: Drawing, down: Sequence[tuple[int, str]], over: Sequence[tuple[int, str]], corner: tuple[float, float],
    cell: tuple[float, float], font: float,
) -> None:  # fmt: skip
    """Adds the labels of rows and of columns around the corner where the cells begin."""
    (x, y), (wide, high) = corner, cell
    for position, text in over:
        sheet.put(Words(x + (position + 0.5) * wide + 0.3 * font, y - font / 3, text, turned=True, size=font))
    for position, text in down:
        middle = y + (position + 0.5) * high + 0.35 * font
        sheet.put(Words(x - GLYPH / 2 * font / FONT, middle, text, "end", size=font))


def _grid(sheet: Drawing, block: HeadMaps, say: Say) -> None:
    """Many maps, the heads of a layer in a row, with labels along the first of each row and of each column."""
    rows, columns = block.rows, block.columns
    cell = int(np.clip(THUMB // max(rows.size, columns.size), 1, 16))
    abreast = -(-block.abreast // -(-block.abreast // ABREAST))
    names = [say.marked(head.name) for head in block.maps]
    titles = [f"{name} {head.mark}".rstrip() for name, head in zip(names, block.maps, strict=True)]
    down, over = (every_label(side_labels(s, say, SHORT_LABEL), cell, SMALL_FONT) for s in (rows, columns))
    beside, above = _margins([text for _, text in down], [text for _, text in over], SMALL_FONT)
    wide = max(columns.size * cell, GLYPH * max(map(cell_len, titles))) + GAP
    high = rows.size * cell + LEADING + GAP
    left, top = EDGE + beside, sheet.height + above
    for position, (name, head) in enumerate(zip(names, block.maps, strict=True)):
        column, row = position % abreast, position // abreast
        x, y = left + column * wide, top + row * high + LEADING
        title = y - 0.4 * FONT - (above if row == 0 else 0)
        sheet.put(Words(x, title, name))
        sheet.put(Words(x + GLYPH * (cell_len(name) + 1), title, head.mark, look=MARK))
        _labels_at(sheet, down if column == 0 else [], over if row == 0 else [], (x, y), (cell, cell), SMALL_FONT)
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
