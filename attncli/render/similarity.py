"""Dot products of encodings by distance, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from rich.cells import cell_len
from rich.text import Text

from attncli.insights.similarity import AtDistance
from attncli.render.matrices import number
from attncli.render.page.page import Options
from attncli.render.table import FORMULA
from attncli.render.terminal.console import console_for, finish
from attncli.render.terminal.grid import HEAD, QUIET
from attncli.text.language import N_

LINES = 40
EIGHTHS = " ▏▎▍▌▋▊▉"
COLUMNS = (N_("distance"), N_("mean"), N_("smallest"), N_("largest"))


def write_bars(formula: str, found: Sequence[AtDistance], output: IO[bytes], options: Options) -> None:
    """A line a distance: the mean over its pairs of positions, the smallest, the largest, and a bar as long as the
    mean. Of very many distances every so many."""
    console, say = console_for(output, options), options.say
    every = 1 if options.full else -(-len(found) // LINES)
    shown = found[::every]
    cells = [_cells(one, options.precision) for one in shown]
    names = [say(name) for name in COLUMNS]
    widths = [max(map(cell_len, column)) for column in zip(names, *cells, strict=True)]
    room = max(console.width - sum(widths) - 2 * len(widths), 8)
    means = [one.mean for one in found]
    low, high = min(0.0, *means), max(0.0, *means)
    scale = room / ((high - low) or 1)
    zero = round(-low * scale)
    about = say("by the distance of two positions; mean, smallest and largest over all pairs")
    with console:
        console.print("", Text.assemble((formula, FORMULA), ("   " + about, QUIET)), sep="\n")
        console.print(Text(_aligned(names, widths), HEAD))
        for one, row in zip(shown, cells, strict=True):
            console.print(Text.assemble((_aligned(row, widths), ""), ("  " + bar(one.mean * scale, zero), HEAD)))
        if every > 1:
            left = say("one distance in {every}, of {count}; --full shows them all", every=every, count=len(found))
            console.print(Text(left, QUIET))
    finish(console)


def _cells(one: AtDistance, precision: int) -> list[str]:
    return [str(one.distance), *(number(x, precision) for x in (one.mean, one.smallest, one.largest))]


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(" " * (wide - cell_len(cell)) + cell for cell, wide in zip(cells, widths, strict=True))


def bar(length: float, zero: int) -> str:
    """A bar of that many characters, to the right of the `zero`-th or, where it is negative, to the left of it."""
    if length < 0:
        whole = min(round(-length), zero)
        return " " * (zero - whole) + "█" * whole
    eighths = round(length * 8)
    return " " * zero + "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
