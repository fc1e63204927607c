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
from attncli.render.terminal.heatmap import Layout, heatmap, laid_out
from attncli.render.terminal.ink import ink_of
from attncli.render.terminal.map_grid import Grid, grid_of
from attncli.render.terminal.scale import scale_lines
from attncli.render.terminal.styles import FORMULA, HEAD, NAME, QUIET
from attncli.render.terminal.wrapping import Running

LINES = 40
"""The lines of a map where there is no window that it must fit."""
AROUND = 9
"""The lines of a window that are left for the text above a map, and for its scale."""
SCALE, LEGEND = 3, 4
"""The lines of the scale, and those left for the legend of a grid."""
MORE = 14
"""The width that is left for the count of heads that a legend leaves out."""


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
        (head,) = block.maps
        lines = heatmap(head.values, block.limits, _layout(block, console, options), ink, head.words)
    else:
        lines = _grid(block, console, options).lines(block, ink, say)
    larger = console.is_terminal and len(lines) + SCALE > console.height
    put(console, _Lines([*lines, "", *scale_lines(block.limits, ink, console.width, say)]))
    if block.has_masked:
        line((say("blank: masked, the query cannot attend to the key"), QUIET))
    if block.has_nan:
        line((f"{ink.nan} {say('not a number')}", QUIET))
    if block.pooling:
        line((say.marked(block.pooling), QUIET))
    marks = max((cell_len(mark) for mark, _, _ in block.legend), default=0) + 1
    for mark, heads, meaning in block.legend:
        says = f"   {say.marked(meaning)}"
        room = console.width - marks - MORE - cell_len(says)
        line((f"{mark:<{marks}}", HEAD), (_heads(heads, room, options), ""), (says, QUIET))
    if block.marking:
        line((say.marked(block.marking), QUIET))
    if block.larger and larger:
        line((say.marked(block.larger), QUIET))


def _heads(heads: Sequence[str], room: int, options: Options) -> str:
    """As many of the heads as there is room for, one at least, and how many more there are."""
    shown = len(heads)
    while shown > 1 and cell_len("  ".join(heads[:shown])) > room:
        shown -= 1
    more = f"  ⋯ {options.say('{count} more', count=len(heads) - shown)}" if shown < len(heads) else ""
    return "  ".join(heads[:shown]) + more


def _layout(block: HeadMaps, console: Console, options: Options) -> Layout:
    height = console.height - 1 if console.is_terminal else LINES + AROUND  # a line for the prompt
    ink = ink_of(console, False)  # the signs of numbers are not known yet, and change no size
    rows, columns = replace(block.rows, step=1), replace(block.columns, step=1)
    return laid_out(rows, columns, console.width, height, ink, options.full, AROUND)


def _grid(block: HeadMaps, console: Console, options: Options) -> Grid:
    height = console.height - AROUND - LEGEND if console.is_terminal else None
    return grid_of(block, console.width, ink_of(console, False), options.full, height)


@dataclass(frozen=True)
class _Lines:
    """Lines that contain color codes, which Rich writes unchanged."""

    lines: Sequence[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines:
            yield Segment(line + "\n")
