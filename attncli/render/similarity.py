"""Dot products of encodings by distance, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from rich.text import Text

from attncli.insights.similarity import AtDistance
from attncli.render import Options
from attncli.render.console import console_for, finish
from attncli.render.grid import HEAD, QUIET
from attncli.render.matrices import number
from attncli.render.table import FORMULA

LINES = 40
EIGHTHS = " ▏▎▍▌▋▊▉"
COLUMNS = ("distance", "mean", "smallest", "largest")


def write_bars(formula: str, found: Sequence[AtDistance], output: IO[bytes], options: Options) -> None:
    """A line a distance: the mean over its pairs of positions, the smallest, the largest, and a bar as long as the
    mean. Of very many distances every so many."""
    console = console_for(output, options)
    every = 1 if options.full else -(-len(found) // LINES)
    shown = found[::every]
    cells = [_cells(one, options.precision) for one in shown]
    widths = [max(map(len, column)) for column in zip(COLUMNS, *cells, strict=True)]
    room = max(console.width - sum(widths) - 2 * len(widths), 8)
    means = [one.mean for one in found]
    low, high = min(0.0, *means), max(0.0, *means)
    scale = room / ((high - low) or 1)
    zero = round(-low * scale)
    about = "   by the distance of two positions; mean, smallest and largest over all pairs"
    with console:
        console.print("", Text.assemble((formula, FORMULA), (about, QUIET)), sep="\n")
        console.print(Text("  ".join(name.rjust(wide) for name, wide in zip(COLUMNS, widths, strict=True)), HEAD))
        for one, row in zip(shown, cells, strict=True):
            numbers = "  ".join(cell.rjust(wide) for cell, wide in zip(row, widths, strict=True))
            console.print(Text.assemble((numbers, ""), ("  " + bar(one.mean * scale, zero), HEAD)))
        if every > 1:
            console.print(Text(f"one distance in {every}, of {len(found)}; --full shows them all", QUIET))
    finish(console)


def _cells(one: AtDistance, precision: int) -> list[str]:
    return [str(one.distance), *(number(x, precision) for x in (one.mean, one.smallest, one.largest))]


def bar(length: float, zero: int) -> str:
    """A bar of that many characters, to the right of the `zero`-th or, where it is negative, to the left of it."""
    if length < 0:
        whole = min(round(-length), zero)
        return " " * (zero - whole) + "█" * whole
    eighths = round(length * 8)
    return " " * zero + "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()
