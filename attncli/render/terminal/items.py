"""Short items in rows, as many side by side as the terminal has room for."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from attncli.render.page.cells import cell_len
from attncli.render.page.figures import Item, Items
from attncli.render.page.page import Options
from attncli.render.terminal.console import put
from attncli.render.terminal.frame import FRAME, Column, Frame, label_cell
from attncli.render.terminal.grid import LABEL_WIDTH
from attncli.render.terminal.styles import HEAD

LEAST_LABEL = 6


def show(block: Items, console: Console, options: Options) -> None:
    """Prints the rows in a frame. Tight items are taken where more of them fit side by side, or where loose ones
    are wider than the terminal."""
    width, labels = console.width, [options.say.marked(label) for label in block.labels]
    label_width = min(max(map(cell_len, labels)), LABEL_WIDTH, width // 3)
    room = width - FRAME - label_width
    loose, tight = (_arranged(block, room, is_tight) for is_tight in (False, True))
    rows, item_width, count = tight if tight[2] > loose[2] or loose[1] > room else loose
    label_width = min(label_width, max(LEAST_LABEL, width - FRAME - item_width))
    table = [
        [
            label_cell([label], label_width),
            [_line(items[start : start + count], item_width) for start in range(0, len(items), count)],
        ]
        for label, items in zip(labels, rows, strict=True)
    ]
    columns = [Column(label_width, HEAD), Column(count * (item_width + 2) - 2)]
    put(console, Frame(columns, [table]))


def _arranged(block: Items, room: int, tight: bool) -> tuple[Sequence[Sequence[Item]], int, int]:
    """The items of each row, the width of an item, and how many stand side by side: as many as there is room for,
    at least one."""
    count = max(1, room // 4)
    while True:
        rows = block.items(-(-block.least // count) * count, tight)
        item_width = max(_width(item) for items in rows for item in items)
        fitting = max(1, (room + 2) // (item_width + 2))
        if count <= fitting:
            return rows, item_width, min(count, max(map(len, rows)))
        count = min(count - 1, fitting)


def _width(item: Item) -> int:
    return sum(cell_len(text) for text, _ in item)


def _line(items: Sequence[Item], item_width: int) -> Item:
    """Items in columns of one width: the first piece of each on the left, the rest on the right."""
    line: Item = []
    for place, (first, *rest) in enumerate(items):
        between = " " * (item_width - _width([first, *rest]))
        line += [("  " * (place > 0), None), first, (between, None), *rest]
    return line
