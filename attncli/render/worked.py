"""Worked examples for people at a terminal, by Rich: what does not fit beside goes below, and all lines up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from attncli.render.page.page import Options
from attncli.render.sheets import NEGATIVE, POSITIVE, Bars, Chain, Column, Flow, Item, Page, Sheet
from attncli.render.table import NAME, caption, print_head
from attncli.render.terminal.console import console_for, finish
from attncli.render.terminal.grid import FRAME, HEAD, LABEL_WIDTH, QUIET, STRONG, STYLES, Block, fit, table_width
from attncli.render.terminal.wrapping import Running
from attncli.tracing.trace import Trace

BAR, SHORTEST = 16, 4
"""Cells of the longest bar, and below how many there is none."""
LEAST_LABEL = 6


def write(head: Trace, pages: Sequence[Page], output: IO[bytes], options: Options) -> None:
    """Writes the model, the tokens and every page."""
    console = console_for(output, options)
    print_head(console, head, options)
    for page in pages:
        with console:  # written at once
            console.print(
                "",
                Text(page.title, NAME),
                *([Running(Text(options.say(page.about), QUIET))] if page.about else []),
                sep="\n",
            )
            for section in page.sections:
                console.print()
                for said in section.captions:
                    console.print(caption(said, options.say))
                for table in _tables(section.body, console.width):
                    _print_whole(console, table)
    finish(console)


def _print_whole(console: Console, table: Table) -> None:
    """Rich would squeeze a table that is wider than the terminal, and cut its numbers."""
    width = console.width
    console.width = max(width, table_width(table))
    console.print(table)
    console.width = width


def _tables(body: Sheet | Flow | Chain, width: int) -> Iterator[Table]:
    if isinstance(body, Flow):
        yield _flow(body, width)
    elif isinstance(body, Chain):
        yield _chain(body, width)
    else:
        yield from _sheet(body, width)


def _framed(labels: Sequence[str], width: int, corner: str, header: str, columns: int) -> Table:
    table = Table(box=box.ROUNDED, border_style=QUIET, header_style=HEAD, padding=0, show_header=bool(header))
    table.add_column(Block([[(corner, None)]]), width=width + 2, style=HEAD)
    table.add_column(Block([[(header, None)]]), width=columns + 2)
    return table


def _labels(labels: Sequence[str], width: int) -> Block:
    return Block([[(fit(label, width), None)] for label in labels])


# ------------------------------------------------------------------ items side by side


def _flow(flow: Flow, width: int) -> Table:
    """Rows of items, as many side by side as there is room for."""
    longest = max(map(cell_len, flow.labels))
    label = min(longest, LABEL_WIDTH, width // 3)
    loose, tight = (_arranged(flow, width - FRAME - label, narrow) for narrow in (False, True))
    rows, each, beside = tight if tight[2] > loose[2] or loose[1] > width - FRAME - label else loose
    label = min(label, max(LEAST_LABEL, width - FRAME - each))
    table = _framed(flow.labels, label, "", "", beside * (each + 2) - 2)
    for name, items in zip(flow.labels, rows, strict=True):
        lines = [_line(items[i : i + beside], each) for i in range(0, len(items), beside)]
        table.add_row(_labels([name, *[""] * (len(lines) - 1)], label), Block(lines))
    return table


def _arranged(flow: Flow, room: int, tight: bool) -> tuple[Sequence[Sequence[Item]], int, int]:
    """The items, how wide each is, and how many stand side by side: as many as the room takes, at least one."""
    beside = max(1, room // 4)
    while True:
        rows = flow.items(-(-flow.least // beside) * beside, tight)
        each = max(_width(item) for items in rows for item in items)
        fits = max(1, (room + 2) // (each + 2))
        if beside <= fits:
            return rows, each, min(beside, max(map(len, rows)))
        beside = min(beside - 1, fits)


def _width(item: Item) -> int:
    return sum(cell_len(text) for text, _ in item)


def _line(items: Sequence[Item], each: int) -> Item:
    """Items in columns of one width: what an item begins with on the left, the rest of it on the right."""
    pieces: Item = []
    for place, (first, *rest) in enumerate(items):
        between = " " * (each - _width([first, *rest]))
        pieces += [("  " * (place > 0), None), first, (between, None), *rest]
    return pieces


# ------------------------------------------------------------------ numbers in columns


def _sheet(sheet: Sheet, width: int) -> Iterator[Table]:
    """The columns, in as many tables one below the other as they need; the bars beside the last of them."""
    label = min(max(map(cell_len, [*sheet.labels, sheet.corner])), LABEL_WIDTH, max(width // 3, LEAST_LABEL))
    room = width - FRAME - label
    pages, space = _pages(sheet.columns, room, 0 if sheet.bars is None else SHORTEST + 2)
    for columns in pages:
        used = sum(map(_column_width, columns)) + space * (len(columns) - 1)
        left = min(BAR, room - used - 2)
        bars = sheet.bars if columns is pages[-1] and left >= SHORTEST else None
        yield _page(sheet, columns, space, label, bars, used, left)


def _page(
    sheet: Sheet, columns: Sequence[Column], space: int, label: int, bars: Bars | None, used: int, left: int
) -> Table:
    between = " " * space
    header = between.join(_right(c.title, _column_width(c)) for c in columns)
    table = _framed(sheet.labels, label, sheet.corner, header, used if bars is None else used + 2 + left)
    drawn = [("", False)] * len(sheet.labels) if bars is None else bars.drawn(left)
    lines = []
    for r in range(len(sheet.labels)):
        strong = STRONG if r == sheet.strong else None
        line: Item = []
        for place, c in enumerate(columns):
            text = between * (place > 0) + _right(c.cells[r], _column_width(c))
            line.append((text, STYLES.get(c.cells[r]) or strong))
        blocks, negative = drawn[r]
        lines.append([*line, ("  " + blocks, NEGATIVE if negative else POSITIVE)] if blocks else line)
    end = len(lines) - sheet.totals
    for part in (slice(0, end), slice(end, None)):
        if lines[part]:
            table.add_row(_labels(sheet.labels[part], label), Block(lines[part]))
            table.add_section()
    return table


def _pages(columns: Sequence[Column], room: int, bars: int) -> tuple[list[list[Column]], int]:
    """Columns that fit the room together, and how far apart: all on one page where that is possible, if need be
    without those to spare. `bars`: the room that bars would take beside the last of them."""
    for beside in (bars, 0):
        groups = _groups(columns)
        while _span(groups, 2) + beside > room and (spare := [group for group in groups if group[0].spare]):
            groups.remove(spare[-1])
        for space in (2, 1):
            if _span(groups, space) + beside <= room:
                return [[column for group in groups for column in group]], space
    pages: list[list[list[Column]]] = [[]]
    for group in groups:
        if pages[-1] and _span([*pages[-1], group], 2) > room:
            pages.append([])
        pages[-1].append(group)
    return [[column for group in page for column in group] for page in pages], 2


def _span(groups: Sequence[Sequence[Column]], space: int) -> int:
    """How wide they are side by side."""
    widths = [_column_width(column) for group in groups for column in group]
    return sum(widths) + space * (len(widths) - 1)


def _groups(columns: Sequence[Column]) -> list[list[Column]]:
    """Columns with those that are to stay beside them."""
    groups: list[list[Column]] = []
    for column in columns:
        if column.joined and groups:
            groups[-1].append(column)
        else:
            groups.append([column])
    return groups


def _column_width(column: Column) -> int:
    return max(map(cell_len, [column.title, *column.cells]))


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


# ------------------------------------------------------------------ steps one below the other


def _chain(chain: Chain, width: int) -> Table:
    """What is computed, how, and the result; the middle is broken into lines where it is too wide."""
    table = Table(box=box.ROUNDED, border_style=QUIET, show_header=False)
    names, _, results = zip(*chain.steps, strict=True)
    name, result = (max(map(cell_len, texts)) for texts in (names, results))
    middle = max(map(cell_len, (how for _, how, _ in chain.steps)))
    table.add_column(width=name, style=HEAD)
    table.add_column(width=max(8, min(middle, width - name - result - 10)))
    table.add_column(width=result, justify="right", no_wrap=True)
    for symbol, how, value in chain.steps:
        table.add_row(Text(symbol), Running(Text(how)), Text(value, STYLES.get(value) or ""))
    return table
