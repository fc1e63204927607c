"""Markdown on a sheet: headings bold, items indented, code in color, tables as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attncli.render.page.figures import Column, Table
from attncli.render.page.markdown_text import parser, without_comments
from attncli.render.page.page import Options
from attncli.render.pictures.drawing import BOLD, FORMULA, GAP, GLYPH, PLAIN, Drawing, Look
from attncli.render.pictures.tables import draw_table

if TYPE_CHECKING:
    from markdown_it.token import Token

INDENT = 2 * GLYPH
NUMERIC = frozenset("0123456789.,+-−% ")


def draw_markdown(sheet: Drawing, text: str, options: Options) -> None:
    """Adds the paragraphs, lists, tables and code of a text."""
    depth, look, bullet, cells = 0, PLAIN, "", list[list[str]]()
    for token in parser().parse(without_comments(text)):
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                depth += 1
            case "bullet_list_close" | "ordered_list_close":
                depth -= 1
            case "list_item_open":
                bullet = f"{token.info}{token.markup} " if token.info else "• "
            case "heading_open":
                look, sheet.height = BOLD, sheet.height + GAP / 2
            case "paragraph_open" if not depth:
                sheet.height += GAP / 4
            case "heading_close":
                look = PLAIN
            case "table_open":
                cells = []
            case "tr_open":
                cells.append([])
            case "th_open" | "td_open":
                cells[-1].append("")
            case "inline" if cells:
                cells[-1][-1] = "".join(content for content, _ in _spans(token.children or [], look))
            case "inline":
                sheet.spans([(bullet, look), *_spans(token.children or [], look)], INDENT * max(depth - 1, 0))
                bullet = ""
            case "fence" | "code_block":
                sheet.height += GAP / 4
                for line in token.content.rstrip("\n").split("\n"):
                    sheet.text(line, FORMULA, INDENT)
            case "table_close":
                sheet.height += GAP / 4
                draw_table(sheet, _table(cells), options)
                cells = []


def _table(cells: Sequence[Sequence[str]]) -> Table:
    """The rows of a table, titles first; columns of numbers flush right."""
    titles, *rows = cells
    columns = []
    for title, *column in zip(titles, *rows, strict=True):
        number = all(cell and set(cell) <= NUMERIC for cell in column)
        columns.append(Column(title, column, "number" if number else "words"))
    return Table(columns)


def _spans(tokens: Sequence[Token], look: Look) -> list[tuple[str, Look]]:
    """The pieces of a line, each with its look."""
    spans: list[tuple[str, Look]] = []
    bold = 0
    for token in tokens:
        bold += (token.type == "strong_open") - (token.type == "strong_close")
        if token.type in ("softbreak", "hardbreak"):
            spans.append((" ", look))
        elif token.content:
            spans.append((token.content, FORMULA if token.type == "code_inline" else BOLD if bold else look))
    return spans
