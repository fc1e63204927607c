"""The scale of a map: its colors or shades, with the numbers they stand for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from attncli.language import Say
from attncli.render.page.cells import cell_len
from attncli.render.page.levels import scale_number
from attncli.render.terminal.ink import Ink, painted

BAR, MANY = 32, 16
"""The width of a scale's bar, and the fewest steps for a bar: fewer steps are shown one by one."""


def scale_lines(limits: tuple[float, float], ink: Ink, width: int, say: Say) -> list[str]:
    """The scale with its numbers: a bar of colors over some of them, or each step with its first and last."""
    if ink.steps < MANY:
        return _steps(limits, ink, width, say)
    wide = min(BAR, width)
    bar = np.linspace(0, ink.steps - 1, wide).astype(np.int16)[None]
    return [*painted(bar, replace(ink, half=False)), _numbers(limits, wide)]


def _numbers(limits: tuple[float, float], wide: int) -> str:
    """The numbers of five places along a bar, the inner ones where they touch no other."""
    numbers = [scale_number(x) for x in np.linspace(*limits, 5)]
    starts = [round(index * (wide - 1) / 4 - len(number) / 2) for index, number in enumerate(numbers)]
    starts[0], starts[-1] = 0, wide - len(numbers[-1])
    text = numbers[0]
    for index in (1, 2, 3):
        if len(text) < starts[index] and starts[index] + len(numbers[index]) < starts[-1]:
            text = text.ljust(starts[index]) + numbers[index]
    return text.ljust(max(starts[-1], len(text) + 1)) + numbers[-1]


def _steps(limits: tuple[float, float], ink: Ink, width: int, say: Say) -> list[str]:
    edges = [scale_number(x) for x in np.linspace(*limits, ink.steps + 1)]
    patches = painted(np.arange(ink.steps, dtype=np.int16)[:, None].repeat(2, axis=1), replace(ink, half=False))
    lines, used = [""], 0
    for level, patch in enumerate(patches):
        text = " " + say("{low} to {high}", low=edges[level], high=edges[level + 1])
        long = 2 + cell_len(text)
        if used and used + 2 + long > width:
            lines, used = [*lines, ""], 0
        lines[-1] += ("  " if used else "") + patch + text
        used += (2 if used else 0) + long
    return lines
