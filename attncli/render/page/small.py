"""Pages cut down to what is read at a glance: a few figures, a few rows and columns of each, and how many more
there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from attncli.formula.pooling import pooled
from attncli.language import N_
from attncli.render.page.blocks import Matrix, Note, Subject, TokenLine
from attncli.render.page.choosing import middle_out
from attncli.render.page.figures import BarChart, Bars, Column, Plot, Table
from attncli.render.page.maps import HeadMaps
from attncli.render.page.page import Block
from attncli.text.tokens import Tokens

FIGURES, LINES, ROWS, TOKENS, MAPS, CELLS = 4, 8, 12, 40, 8, 32
"""At most so many figures; lines along a side of a matrix; rows of a table; tokens; maps of a grid, and cells
along a side of a map."""
FIGURE = (Matrix, Table, BarChart, Plot, HeadMaps)


def small(blocks: Iterable[Block]) -> Iterator[Block]:
    """The first blocks, each cut down."""
    figures = 0
    for block in blocks:
        figures += isinstance(block, FIGURE)
        if figures > FIGURES:
            yield Note("⋯")
            return
        yield from _cut(block)


def _cut(block: Block) -> Iterator[Block]:
    match block:
        case Matrix():
            yield from _matrix(block)
        case Table():
            yield from _table(block)
        case BarChart():
            kept = slice(ROWS)
            yield replace(block, columns=_first(block.columns), values=block.values[kept])
            yield from _more(len(block.values) - ROWS)
        case HeadMaps():
            yield _maps(block)
            yield from _more(len(block.maps) - MAPS)
        case Subject():
            yield replace(block, tokens=_tokens(block.tokens), target=_tokens(block.target))
            yield from _more_tokens(block.tokens)
            yield from _more_tokens(block.target)
        case TokenLine():
            yield replace(block, tokens=_tokens(block.tokens) or block.tokens)
            yield from _more_tokens(block.tokens)
        case _:
            yield block


def _more(count: int) -> Iterator[Note]:
    if count > 0:
        yield Note(N_("{count} more", count=count))


def _more_tokens(tokens: Tokens | None) -> Iterator[Note]:
    if tokens is not None and len(tokens) > TOKENS:
        yield Note(N_("{count} more tokens", count=len(tokens) - TOKENS))


def _matrix(block: Matrix) -> Iterator[Block]:
    """The first and the last lines of both sides."""
    counts = block.values.shape
    (rows, more_rows), (columns, more_columns) = (middle_out(count, LINES) for count in counts)
    yield replace(
        block,
        values=block.values[rows][:, columns],
        rows=[block.rows[row] for row in rows],
        columns=[block.columns[column] for column in columns],
        words=block.words and [[block.words[row][column] for column in columns] for row in rows],
        weights=block.weights and not more_columns,  # the rows of a part do not sum to one
    )
    if more_rows or more_columns:
        yield Note(
            N_("the first and the last of {rows} rows and {columns} columns", rows=counts[0], columns=counts[1])
        )


def _table(block: Table) -> Iterator[Block]:
    count = len(block.columns[0].cells) if block.columns else 0
    if count <= ROWS:
        yield block
        return
    bars = block.bars and Bars(block.bars.values[:ROWS], block.bars.full, block.bars.signed)
    yield replace(block, columns=_first(block.columns), bars=bars, totals=0)
    yield Note(N_("{count} more", count=count - ROWS))


def _first(columns: Sequence[Column]) -> list[Column]:
    return [replace(column, cells=column.cells[:ROWS]) for column in columns]


def _maps(block: HeadMaps) -> HeadMaps:
    """A few of the maps, their sides pooled."""
    rows, columns = (replace(side, step=1).pooled(CELLS) for side in (block.rows, block.columns))
    if (block.rows.step, block.columns.step) != (1, 1) or (rows.step, columns.step) == (1, 1):
        return replace(block, maps=block.maps[:MAPS])
    steps = (rows.step, columns.step)
    maps = tuple(replace(head, values=pooled(head.values, steps)) for head in block.maps[:MAPS])
    return replace(block, rows=rows, columns=columns, maps=maps)


def _tokens(tokens: Tokens | None) -> Tokens | None:
    if tokens is None:
        return None
    kept = slice(TOKENS)
    return replace(
        tokens, ids=tokens.ids[kept], texts=tokens.texts[kept], spans=tokens.spans[kept], types=tokens.types[kept]
    )
