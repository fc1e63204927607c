"""Curves on a sheet: axes with ticks, lines with a mark at each point, and a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attncli.formula.types import Array
from attncli.render.page.cells import cell_len
from attncli.render.page.figures import Axis, Plot
from attncli.render.page.page import Options
from attncli.render.page.ticks import ticks
from attncli.render.pictures.drawing import (
    EDGE,
    FONT,
    GAP,
    GLYPH,
    INK,
    LEADING,
    QUIET,
    RULE,
    Box,
    Drawing,
    Line,
    Look,
    Words,
    look_of,
)

WIDE, HIGH = 600, 0.5
"""The field that the axes frame: how wide it is at most, and its height beside that."""
TICKS = 12
"""The most ticks of an axis that names none itself."""
GRID = "#e6e6e6"


@dataclass(frozen=True)
class _Scale:
    """An axis with its range and its ticks, all as coordinates along the axis."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]

    def fraction(self, coordinates: Array) -> Array:
        """Where coordinates lie, 0 at the beginning of the axis and 1 at its end."""
        fractions: Array = (coordinates - self.low) / ((self.high - self.low) or 1.0)
        return fractions


def draw_plot(sheet: Drawing, plot: Plot, options: Options) -> None:
    """Adds the curves with their axes, and a legend below."""
    say = options.say
    x_scale = _scale(plot.x, np.concatenate([curve.x for curve in plot.curves]), rounded=False)
    y_scale = _scale(plot.y, np.concatenate([curve.y for curve in plot.curves]), rounded=True)
    margin = max((cell_len(say.marked(text)) for _, text in y_scale.ticks), default=0) + 1
    left, top = EDGE + margin * GLYPH, sheet.height + 2 * LEADING
    wide = min(WIDE, sheet.room - margin * GLYPH - 3 * GLYPH)
    high = wide * HIGH
    bottom = top + high
    sheet.put(Words(EDGE, sheet.height + LEADING - 0.3 * FONT, say.marked(plot.y.name), look=QUIET))
    for tick, text in y_scale.ticks:
        y = bottom - float(y_scale.fraction(np.array(tick))) * high
        sheet.line(Line([(left, y), (left + wide, y)], GRID))
        sheet.put(Words(left - GLYPH / 2, y + 0.35 * FONT, say.marked(text), "end"))
    taken = -1.0
    for tick, text in x_scale.ticks:
        x, half = left + float(x_scale.fraction(np.array(tick))) * wide, cell_len(text) * GLYPH / 2
        sheet.line(Line([(x, bottom), (x, bottom + 4)], INK))
        if x - half > taken:  # a label that would touch the one before it is left out
            sheet.put(Words(x, bottom + LEADING + 2, say.marked(text), "middle"))
            taken = x + half + GLYPH
    sheet.line(Line([(left, top), (left, bottom), (left + wide, bottom)], INK))
    sheet.put(Words(left + wide, bottom + 2 * LEADING + 2, say.marked(plot.x.name), "end", QUIET))
    _curves(sheet, plot, x_scale, y_scale, (left, bottom), (wide, high))
    sheet.width = max(sheet.width, left + wide + 3 * GLYPH + EDGE)
    sheet.height = bottom + 2 * LEADING + GAP / 2
    if plot.about:
        sheet.text(say.marked(plot.about), QUIET)
    for curve in plot.curves:
        color = _color(curve.style)
        sheet.height += LEADING
        y = sheet.height - 0.3 * FONT
        sheet.line(Line([(EDGE, y - 4), (EDGE + 24, y - 4)], color, 2))
        sheet.put(Words(EDGE + 32, y, curve.letter, look=Look(color, True)))
        sheet.put(Words(EDGE + 32 + 2 * GLYPH, y, say.marked(curve.name)))


def _curves(
    sheet: Drawing, plot: Plot, x_scale: _Scale, y_scale: _Scale, corner: tuple[float, float],
    size: tuple[float, float],
) -> None:  # fmt: skip
    """Adds the curves, each with a mark at its points and its letter at its end, in a field of that size above and
    to the right of its corner."""
    (left, bottom), (wide, high) = corner, size
    ends: list[float] = []
    for curve in plot.curves:
        along, up = plot.x.coordinates(curve.x), plot.y.coordinates(curve.y)
        kept = np.isfinite(up)
        xs = (left + x_scale.fraction(along[kept]) * wide).tolist()
        ys = (bottom - y_scale.fraction(up[kept]) * high).tolist()
        if not xs:
            continue
        color = _color(curve.style)
        points = list(zip(xs, ys, strict=True))
        sheet.line(Line(points, color, 2))
        if len(points) <= 100:
            for x, y in points:
                sheet.box(Box(x - 2.5, y - 2.5, 5, 5, color))
        y = ys[-1]
        while any(abs(y - other) < FONT for other in ends):
            y -= FONT / 2
        ends.append(y)
        sheet.put(Words(xs[-1] + 8, y + 0.35 * FONT, curve.letter, look=Look(color, True)))


def _color(style: str) -> str:
    return look_of(style).color if style else RULE


def _scale(axis: Axis, numbers: Array, *, rounded: bool) -> _Scale:
    """The range and the ticks of an axis for some numbers. `rounded`: it begins and ends with a tick."""
    coordinates = axis.coordinates(numbers)
    finite = [float(coordinate) for coordinate in coordinates[np.isfinite(coordinates)]]
    around = ticks(axis, finite, TICKS)
    low, high = (min(finite), max(finite)) if finite and not rounded else (around.first, around.last)
    if low == high:
        low, high = around.first, around.last
    marks = [(float(axis.coordinates(np.array(number))), text) for number, text in axis.marks]
    return _Scale(low, high, [(tick, text) for tick, text in marks or around.named if low <= tick <= high])
