"""Markdown, for notes and pull requests. The middle of wide matrices is left out, except with --full."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from attncli.render.page.blocks import Formula, Heading, Markdown, Matrix, Note, Prose, Subject, TokenLine
from attncli.render.page.choosing import gaps, middle_out, most_important
from attncli.render.page.figures import BarChart, Item, Items, Plot, Table
from attncli.render.page.map_tables import map_tables
from attncli.render.page.maps import HeadMaps
from attncli.render.page.page import Block, Options, Page, Section
from attncli.text.tokens import Tokens
from attncli.text.visible import harmless, visible

COLUMNS, ROWS = 16, 40
BAR = 12
"""Characters of the longest bar."""


class MarkdownWriter:
    def __init__(self, page: Page, output: IO[bytes], options: Options) -> None:
        self.output, self.options, self.begun = output, options, False
        self._write(page.opening())

    def section(self, section: Section) -> None:
        self._write(section.blocks())

    def close(self) -> None:
        """Everything is written already."""

    def _write(self, blocks: Iterable[Block]) -> None:
        for block in blocks:
            text = "\n".join(_lines(block, self.options)) + "\n"
            text = text if self.begun else text.lstrip("\n")
            self.output.write(text.encode("utf-8", "backslashreplace"))
            self.begun = True


def writer(page: Page, output: IO[bytes], options: Options) -> MarkdownWriter:
    return MarkdownWriter(page, output, options)


def _lines(block: Block, options: Options) -> Iterator[str]:
    """A block as lines of Markdown."""

    def text(marked: str) -> str:
        return escape(harmless(options.say.marked(marked)))

    match block:
        case Subject():
            yield from _subject(block, options)
        case Heading():
            yield f"\n## {text(block.text)}"
            if block.about:
                yield f"\n{text(block.about)}"
        case Formula():
            yield from [f"\n## {_code(block.name)}"] if block.name else []
            formula = _code(options.say.marked(block.formula)) if block.formula else ""
            yield "\n" + " – ".join(filter(None, (formula, text(block.meaning))))
            yield from [f"\n{text(block.detail)}"] if block.detail else []
        case TokenLine():
            side = f"{text(block.side)}: " if block.side else ""
            yield "\n" + side + _tokens(block.tokens)
        case Matrix():
            yield f"\n**{escape(block.title)}** {escape(block.shape)}\n"
            yield from _matrix(block, options)
        case Table():
            yield ""
            yield from _table(block, options)
        case Items():
            yield ""
            yield from _items(block)
        case BarChart():
            yield ""
            yield from _table(Table(block.columns), options)
        case Plot():
            yield from _plot(block, options)
        case HeadMaps():
            for inner in map_tables(block, options.precision):
                yield from _lines(inner, options)
        case Prose() | Note():
            yield f"\n{text(block.text)}"
        case Markdown():
            yield f"\n{block.text}".rstrip("\n")


def _subject(subject: Subject, options: Options) -> Iterator[str]:
    say, name = options.say, _code(subject.name)
    if not subject.source:
        yield f"# {escape(subject.name)}"
        yield "\n" + escape(" · ".join(harmless(say.marked(fact)) for fact in subject.facts))
        yield from [] if subject.tokens is None else ["\n" + _tokens(subject.tokens)]
    elif subject.tokens is None:
        yield say("Model: {model}.", model=name)
    else:
        yield say("Model: {model}. Tokens: {tokens}", model=name, tokens=_tokens(subject.tokens))
    if subject.target is not None:
        yield "\n" + say("Target: {tokens}", tokens=_tokens(subject.target))


def _tokens(tokens: Tokens) -> str:
    return " ".join(f"{index}:{_code(visible(text))}" for index, text in enumerate(tokens.texts))


def _matrix(matrix: Matrix, options: Options) -> Iterator[str]:
    height, width = matrix.values.shape
    rows, rows_out = (list(range(height)), 0) if options.full else middle_out(height, ROWS, spare=1)
    columns = list(range(width)) if options.full else _columns(matrix, rows)
    sums, left_out = matrix.row_sums(rows, options.precision), gaps(columns, width)

    def line(label: str, cells: list[str], more: str, total: str) -> list[str]:
        for number in sorted(left_out, reverse=True):
            cells.insert(number, more.format(count=left_out[number]))
        return [label, *cells, *([] if sums is None else [total])]

    header = line(
        "", [escape(matrix.columns[column]) for column in columns], f"⋯ {options.say('{count} more')}", "Σ"
    )
    yield as_row(header)
    yield as_row(["---"] + ["---:"] * (len(header) - 1))
    for position, row in enumerate(rows):
        if rows_out and position == (len(rows) + 1) // 2:
            yield as_row([f"⋮ {options.say('{count} rows more', count=rows_out)}"])
        cells = [escape(matrix.cell(row, column, options.precision)) for column in columns]
        yield as_row(line(escape(matrix.rows[row]), cells, "⋯", "" if sums is None else sums[position]))


def _columns(matrix: Matrix, rows: Sequence[int]) -> list[int]:
    """The columns that there is room for: those that matter most, or the first and the last."""
    width = matrix.values.shape[1]
    if matrix.importance is None or width <= COLUMNS:
        return middle_out(width, COLUMNS)[0]
    return most_important(matrix.importance(rows), COLUMNS)


def _table(table: Table, options: Options) -> Iterator[str]:
    def text(marked: str) -> str:
        return escape(harmless(options.say.marked(marked))).replace("\n", "<br>")

    bars = [] if table.bars is None else [blocks for blocks, _ in table.bars.drawn(BAR)]
    beside = [""] if bars else []
    yield as_row([*(text(column.title) for column in table.columns), *beside])
    yield as_row(
        [*("---:" if column.kind == "number" else "---" for column in table.columns), *["---"] * len(beside)]
    )
    for row in range(len(table.columns[0].cells)):
        cells = [text(column.cells[row]) for column in table.columns]
        for index, cell in enumerate(cells):
            if cell and ((row, index) in table.bold or (row == table.strong and index == 0)):
                cells[index] = f"**{cell}**"
        yield as_row([*cells, *bars[row : row + 1]])


def _items(block: Items) -> Iterator[str]:
    yield as_row(["", ""])
    yield as_row(["---", "---"])
    between = "<br>" if len(block.labels) > 1 else " · "
    for label, items in zip(block.labels, block.items(block.least, False), strict=True):
        yield as_row([escape(label), between.join(escape(_item(item)) for item in items)])


def _item(item: Item) -> str:
    return " ".join("".join(text for text, _ in item).split())


def _plot(block: Plot, options: Options) -> Iterator[str]:
    """The curves as text, as a terminal of 80 columns shows them."""
    from attncli.render.terminal.plot import legend, plot

    yield "\n```text"
    yield legend(block, options).plain
    for line in plot(block, 80):
        yield "".join(cell for cell, _ in line).rstrip()
    yield "```"


def as_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def escape(text: str) -> str:
    """Visible text, escaped so that Markdown shows it literally."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&!])", r"\\\1", text)


def _code(text: str) -> str:
    """Visible text as code."""
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"
