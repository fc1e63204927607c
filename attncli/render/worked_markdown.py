"""Worked examples in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

from attncli.render.markdown import as_row, escape, head_lines
from attncli.render.page.page import Options
from attncli.render.sheets import Caption, Chain, Flow, Item, Page, Section, Sheet
from attncli.text.language import Say
from attncli.tracing.trace import Trace

BAR = 12
"""Cells of the longest bar."""


def write(head: Trace, pages: Iterable[Page], output: IO[bytes], options: Options) -> None:
    """Writes the model, the tokens and every page."""
    output.write(head_lines(head, options.say).encode())
    for page in pages:
        output.write("\n".join(_page(page, options.say)).encode() + b"\n")


def _page(page: Page, say: Say) -> Iterator[str]:
    yield f"\n## {escape(page.title)}"
    if page.about:
        yield f"\n{escape(say(page.about))}"
    for section in page.sections:
        yield from _section(section, say)


def _section(section: Section, say: Say) -> Iterator[str]:
    for said in section.captions:
        yield f"\n{_said(said, say)}"
    yield ""
    body = section.body
    yield from _flow(body) if isinstance(body, Flow) else _chain(body) if isinstance(body, Chain) else _sheet(body)


def _said(said: Caption, say: Say) -> str:
    formula = f"`{say(said.formula)}`" if said.formula else ""
    first = " – ".join(text for text in (formula, escape(say(said.meaning))) if text)
    return "\n\n".join(text for text in (first, escape(say(said.detail))) if text)


def _flow(flow: Flow) -> Iterator[str]:
    yield as_row(["", ""])
    yield as_row(["---", "---"])
    between = "<br>" if len(flow.labels) > 1 else " · "
    for label, items in zip(flow.labels, flow.items(flow.least, False), strict=True):
        yield as_row([escape(label), between.join(escape(_text(item)) for item in items)])


def _text(item: Item) -> str:
    return " ".join("".join(text for text, _ in item).split())


def _chain(chain: Chain) -> Iterator[str]:
    yield as_row(["", "", ""])
    yield as_row(["---", "---", "---:"])
    for step in chain.steps:
        yield as_row([escape(text) for text in step])


def _sheet(sheet: Sheet) -> Iterator[str]:
    bars = [] if sheet.bars is None else [""]
    yield as_row([sheet.corner, *(escape(c.title) for c in sheet.columns), *bars])
    yield as_row(["---", *["---:"] * len(sheet.columns), *["---"] * len(bars)])
    drawn = [] if sheet.bars is None else [blocks for blocks, _ in sheet.bars.drawn(BAR)]
    for place, label in enumerate(sheet.labels):
        cells = [c.cells[place] for c in sheet.columns]
        strong = f"**{escape(label)}**" if place == sheet.strong else escape(label)
        yield as_row([strong, *map(escape, cells), *drawn[place : place + 1]])
