"""A page laid out on one sheet, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attncli.render.page.blocks import Formula, Heading, Markdown, Matrix, Note, Prose, Subject, TokenLine
from attncli.render.page.cells import cell_len
from attncli.render.page.choosing import middle_out
from attncli.render.page.figures import BarChart, Item, Items, Plot, Table
from attncli.render.page.maps import HeadMaps
from attncli.render.page.page import Block, Options
from attncli.render.pictures.drawing import (
    BOLD,
    EDGE,
    FONT,
    FORMULA,
    GAP,
    GLYPH,
    LEADING,
    PLAIN,
    QUIET,
    Drawing,
    Look,
    Words,
    look_of,
)
from attncli.render.pictures.maps import draw_maps
from attncli.render.pictures.markdown import draw_markdown
from attncli.render.pictures.matrices import draw_matrix
from attncli.render.pictures.plots import draw_plot
from attncli.render.pictures.tables import draw_bar_chart, draw_table
from attncli.text.tokens import Tokens
from attncli.text.visible import visible, visible_line

SPACED = (Heading, Formula, Plot, Prose, Markdown, HeadMaps, Matrix, BarChart, Table, Items)
"""Blocks with space above."""
TOKEN_LINES = 6
"""About how many lines the tokens of a long text may take."""


def layout(blocks: Iterable[Block], options: Options) -> Drawing:
    """The sheet of some blocks."""
    sheet = Drawing(options.picture)
    add_blocks(sheet, blocks, options)
    sheet.height += EDGE
    return sheet


def add_blocks(sheet: Drawing, blocks: Iterable[Block], options: Options) -> None:
    """Adds blocks below what is on the sheet."""
    for block in blocks:
        if isinstance(block, SPACED):
            sheet.height += GAP / 2
        _add(sheet, block, options)


def _add(sheet: Drawing, block: Block, options: Options) -> None:
    say = options.say
    match block:
        case Subject():
            _subject(sheet, block, options)
        case Heading():
            sheet.text(say.marked(block.text), BOLD)
            if block.about:
                sheet.text(say.marked(block.about), QUIET)
        case Formula():
            _formula(sheet, block, options)
        case TokenLine():
            _tokens(sheet, block.tokens, say.marked(block.side), options)
        case Matrix():
            draw_matrix(sheet, block, options)
        case Table():
            draw_table(sheet, block, options)
        case Items():
            _items(sheet, block)
        case BarChart():
            draw_bar_chart(sheet, block, options)
        case Plot():
            draw_plot(sheet, block, options)
        case HeadMaps():
            draw_maps(sheet, block, options)
        case Prose():
            sheet.text(say.marked(block.text), QUIET if block.quiet else PLAIN)
        case Markdown():
            draw_markdown(sheet, say.marked(block.text), options)
        case Note():
            sheet.text(say.marked(block.text), QUIET)


def _subject(sheet: Drawing, block: Subject, options: Options) -> None:
    say = options.say
    source = f" ({visible_line(block.source)})" if block.source else ""
    sheet.text(visible_line(block.name) + source + "".join(f" · {say.marked(fact)}" for fact in block.facts), BOLD)
    if block.tokens is not None:
        _tokens(sheet, block.tokens, "" if block.target is None else say("source"), options)
    if block.target is not None:
        _tokens(sheet, block.target, say("target"), options)


def _tokens(sheet: Drawing, tokens: Tokens, side: str, options: Options) -> None:
    """How many tokens there are, then each with its index; the middle of a long text is left out."""
    texts = [visible(text) for text in tokens.texts]
    shown, left_out = list(range(len(texts))), 0
    while not options.full and sum(cell_len(f"{i} {texts[i]}  ") for i in shown) > TOKEN_LINES * sheet.characters:
        shown, left_out = middle_out(len(texts), len(shown) - max(1, len(shown) // 8))
    count = options.say.counted("{count} token", "{count} tokens", len(tokens))
    items = [[(f"{side}: {count}" if side else count, QUIET)]]
    for position, index in enumerate(shown):
        if left_out and position == (len(shown) + 1) // 2:
            items.append([(f"⋯ {options.say('{count} more', count=left_out)} ⋯", QUIET)])
        items.append([(f"{index} ", QUIET), (texts[index], FORMULA)])
    flow(sheet, items, EDGE)


def flow(sheet: Drawing, items: Iterable[Sequence[tuple[str, Look]]], left: float) -> None:
    """Adds items side by side, with line breaks only between items."""
    sheet.height += LEADING
    x = left
    for item in items:
        width = sum(cell_len(text) for text, _ in item) * GLYPH
        if x > left and x + width > EDGE + sheet.room:
            x, sheet.height = left, sheet.height + LEADING
        for text, look in item:
            sheet.put(Words(x, sheet.height - 0.3 * FONT, text, look=look))
            x += cell_len(text) * GLYPH
        x += 2 * GLYPH


def _formula(sheet: Drawing, block: Formula, options: Options) -> None:
    say = options.say
    if block.name:
        sheet.text(say.marked(block.name), BOLD)
    space = "   " if block.formula and block.meaning else ""
    sheet.spans([(say.marked(block.formula), FORMULA), (space + say.marked(block.meaning), QUIET)])
    if block.detail:
        sheet.text(say.marked(block.detail), QUIET)


def _items(sheet: Drawing, block: Items) -> None:
    """Each label, and beside it its items in as many lines as they need."""
    left = EDGE + (max(map(cell_len, block.labels), default=0) + 2) * GLYPH
    rows = block.items(block.least, False)
    widest = max((_width(item) for items in rows for item in items), default=0)
    for label, items in zip(block.labels, rows, strict=True):
        sheet.put(Words(EDGE, sheet.height + LEADING - 0.3 * FONT, label, look=QUIET))
        flow(sheet, [[(text, look_of(style)) for text, style in _padded(item, widest)] for item in items], left)


def _width(item: Item) -> int:
    return sum(cell_len(text) for text, _ in item)


def _padded(item: Item, width: int) -> Item:
    """An item that wide, so that items stand in columns: its first text on the left, the rest on the right."""
    first, *rest = item
    return [first, (" " * (width - _width(item)), None), *rest]
