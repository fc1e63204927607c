"""The block of maps for people at a terminal: one head large, or many as a grid of small ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from attncli.render.page.cells import cell_len
from attncli.render.page.maps import HeadMaps
from attncli.render.page.page import Options
from attncli.render.terminal.console import put
from attncli.render.terminal.heatmap import Layout, heatmap, laid_out, scale_lines
from attncli.render.terminal.ink import ink_of
from attncli.render.terminal.map_grid import Grid, grid_of
from attncli.render.terminal.styles import FORMULA, HEAD, NAME, QUIET
from attncli.render.terminal.wrapping import Running

LINES = 40
"""The lines of a map where there is no window that it must fit."""
AROUND = 11
"""The lines of a window that are left for the text above and below a map."""


def fitted(block: HeadMaps, console: Console, options: Options) -> HeadMaps:
    """The block with its sides pooled to what the window has room for. Its maps have no values yet."""
    drawn = _layout(block, console, options) if len(block.maps) == 1 else _grid(block, console, options)
    return replace(block, rows=drawn.rows, columns=drawn.columns)


def show(block: HeadMaps, console: Console, options: Options) -> None:
    """Prints the block: its formula and name, the maps, the scale, and what signs and marks mean."""
    ink, say = ink_of(console, block.signed), options.say

    def line(*spans: tuple[str, str]) -> None:
        put(console, Running(Text.assemble(*spans)))

    meaning = f"   {say.marked(block.meaning)}" if block.meaning else ""
    line((say.marked(block.formula), FORMULA), (meaning, QUIET))
    line((say.marked(block.name), NAME), (f"  {say.marked(block.shape)}", QUIET))
    if len(block.maps) == 1:
        lines = heatmap(block.maps[0].values, block.limits, _layout(block, console, options), ink)
    else:
        lines = _grid(block, console, options).lines(block, ink, say)
    put(console, _Lines([*lines, "", *scale_lines(block.limits, ink, console.width, say)]))
    if block.has_masked:
        line((f"{ink.masked} {say('masked: this query cannot attend to this key')}", QUIET))
    if block.has_nan:
        line((f"{ink.nan} {say('not a number')}", QUIET))
    if block.pooling:
        line((say.marked(block.pooling), QUIET))
    for mark, heads, meaning in block.legend:
        says = f"   {say.marked(meaning)}"
        line(
            (f"{mark:<10}", HEAD), (_heads(heads, console.width - 24 - cell_len(says), options), ""), (says, QUIET)
        )
    if block.marking:
        line((say.marked(block.marking), QUIET))


def _heads(heads: Sequence[str], room: int, options: Options) -> str:
    """As many of the heads as there is room for, one at least, and how many more there are."""
    shown = len(heads)
    while shown > 1 and cell_len("  ".join(heads[:shown])) > room:
        shown -= 1
    more = f"  ⋯ {options.say('{count} more', count=len(heads) - shown)}" if shown < len(heads) else ""
    return "  ".join(heads[:shown]) + more


def _layout(block: HeadMaps, console: Console, options: Options) -> Layout:
    height = (console.height if console.is_terminal else LINES + AROUND) - AROUND
    ink = ink_of(console, False)  # the signs of numbers are not known yet, and change no size
    rows, columns = replace(block.rows, step=1), replace(block.columns, step=1)
    return laid_out(rows, columns, console.width, height, ink, options.full)


def _grid(block: HeadMaps, console: Console, options: Options) -> Grid:
    return grid_of(block, console.width, ink_of(console, False), options.full)


@dataclass(frozen=True)
class _Lines:
    """Lines that contain color codes, which Rich writes unchanged."""

    lines: Sequence[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines:
            yield Segment(line + "\n")
