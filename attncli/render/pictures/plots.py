"""Curves on a sheet: axes with ticks, lines with a mark at each point, and a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np
from rich.cells import cell_len

from attncli.formula.types import Array
from attncli.render.page.blocks import Axis, Plot
from attncli.render.page.page import Options
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

WIDE, HIGH = 600, 300
"""The size of the field that the axes frame."""
TICKS = 7
"""About how many ticks an axis has where it names none itself."""
GRID = "#e6e6e6"


@dataclass(frozen=True)
class _Scale:
    """An axis with its range: numbers as fractions of its length, and its ticks."""

    axis: Axis
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]

    def fraction(self, numbers: Array) -> Array:
        """Where numbers lie, 0 at the beginning of the axis and 1 at its end."""
        low, high = _along(self.axis, np.array([self.low, self.high]))
        fractions: Array = (_along(self.axis, numbers) - low) / ((high - low) or 1.0)
        return fractions


def draw_plot(sheet: Drawing, plot: Plot, options: Options) -> None:
    """Adds the curves with their axes, and a legend below."""
    say = options.say
    x_scale = _scale(plot.x, np.concatenate([curve.x for curve in plot.curves]), False)
    y_scale = _scale(plot.y, np.concatenate([curve.y for curve in plot.curves]), True)
    margin = max((cell_len(say.marked(text)) for _, text in y_scale.ticks), default=0) + 1
    left, top = EDGE + margin * GLYPH, sheet.height + 2 * LEADING
    bottom = top + HIGH
    sheet.put(Words(EDGE, sheet.height + LEADING - 0.3 * FONT, say.marked(plot.y.name), look=QUIET))
    for number, text in y_scale.ticks:
        y = bottom - float(y_scale.fraction(np.array(number))) * HIGH
        sheet.line(Line([(left, y), (left + WIDE, y)], GRID))
        sheet.put(Words(left - GLYPH / 2, y + 0.35 * FONT, say.marked(text), "end"))
    taken = -1.0
    for number, text in x_scale.ticks:
        x, half = left + float(x_scale.fraction(np.array(number))) * WIDE, cell_len(text) * GLYPH / 2
        sheet.line(Line([(x, bottom), (x, bottom + 4)], INK))
        if x - half > taken:  # a label that would touch the one before it is left out
            sheet.put(Words(x, bottom + LEADING + 2, say.marked(text), "middle"))
            taken = x + half + GLYPH
    sheet.line(Line([(left, top), (left, bottom), (left + WIDE, bottom)], INK))
    sheet.put(Words(left + WIDE, bottom + 2 * LEADING + 2, say.marked(plot.x.name), "end", QUIET))
    _curves(sheet, plot, x_scale, y_scale, left, bottom)
    sheet.width = max(sheet.width, left + WIDE + 3 * GLYPH + EDGE)
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


def _curves(sheet: Drawing, plot: Plot, x_scale: _Scale, y_scale: _Scale, left: float, bottom: float) -> None:
    """Adds the curves, each with a mark at its points and its letter at its end."""
    ends: list[float] = []
    for curve in plot.curves:
        kept = np.isfinite(curve.y) & (curve.y > 0 if plot.y.logarithmic else True)
        xs = (left + x_scale.fraction(curve.x[kept]) * WIDE).tolist()
        ys = (bottom - y_scale.fraction(curve.y[kept]) * HIGH).tolist()
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


def _along(axis: Axis, numbers: Array) -> Array:
    """Numbers as they lie along an axis."""
    return np.log10(np.maximum(numbers, 1e-300)) if axis.logarithmic else np.asarray(numbers, dtype=float)


def _scale(axis: Axis, numbers: Array, rounded: bool) -> _Scale:
    """The range and the ticks of an axis for some numbers; `rounded`: it begins and ends with a tick."""
    finite = numbers[np.isfinite(numbers) & (numbers > 0 if axis.logarithmic else True)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.1, 1.0)
    numbered = (_logarithmic if axis.logarithmic else _linear)(low, high)
    inside = [tick for tick in numbered if low <= tick <= high]
    if rounded or high == low:
        low, high = numbered[0], numbered[-1]
    if axis.marks:
        ticks = list(axis.marks)
    else:
        ticks = [(tick, axis.text(tick)) for tick in (numbered if rounded or not inside else inside)]
    return _Scale(axis, low, high, [(tick, text) for tick, text in ticks if low <= tick <= high])


def _linear(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, from below all numbers to above."""
    apart = ((high - low) or abs(low) or 1.0) / TICKS
    power = 10.0 ** floor(log10(apart))
    size = next(part * power for part in (1, 2, 5, 10) if part * power >= apart)
    first, last = floor(low / size), max(ceil(high / size), floor(low / size) + 1)
    return [place * size for place in range(first, last + 1)]


def _logarithmic(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten, or powers of ten alone where these are many, from below all numbers to
    above."""
    powers = range(floor(log10(low)) - 1, ceil(log10(high)) + 2)
    found = [part * 10.0**power for power in powers for part in (1, 2, 5)]
    first = max(place for place, tick in enumerate(found) if tick <= low * (1 + 1e-9))
    last = min(place for place, tick in enumerate(found) if tick >= high * (1 - 1e-9) and place > first)
    if last - first < 2 * TICKS:
        return found[first : last + 1]
    first, last = floor(log10(low)), ceil(log10(high))
    every = -(-(last - first) // (2 * TICKS))
    return [10.0**power for power in range(first, last + every, every)]
