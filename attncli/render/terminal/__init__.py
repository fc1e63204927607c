"""Pages for people at a terminal, by Rich: one file for each block that needs more than a line."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import IO, TYPE_CHECKING

from rich.text import Text

from attncli.render.page.blocks import Formula, Heading, Matrix, Note, Prose, Subject, TokenLine
from attncli.render.page.page import Block, Options, Page, Section
from attncli.render.terminal.console import console_for, finish, lacks_characters, put
from attncli.render.terminal.plain import plain
from attncli.render.terminal.styles import FORMULA, NAME, QUIET
from attncli.render.terminal.subject import subject_lines, token_line
from attncli.render.terminal.wrapping import Running

if TYPE_CHECKING:
    from attncli.render.page.maps import HeadMaps

FIGURES = {
    "Table": "tables", "Items": "items", "BarChart": "bar_chart", "Plot": "plot", "HeadMaps": "maps",
    "Markdown": "prose",
}  # fmt: skip
"""The file of each block that is more than lines of text; it is imported when a page has such a block."""
SPACED = ("Heading", "Formula", "Plot", "Prose", "Markdown", "HeadMaps")
"""The blocks with an empty line above, unless they follow one of their own kind."""


class TerminalWriter:
    """Prints a page, each section at once when it comes."""

    def __init__(self, page: Page, output: IO[bytes], options: Options) -> None:
        self.options = options
        self.console = console_for(output, options)
        self._print(page.opening())

    def section(self, section: Section) -> None:
        self._print(section.blocks())

    def close(self) -> None:
        finish(self.console)

    def _print(self, blocks: Iterable[Block]) -> None:
        before: type[Block] | None = None
        with self.console:  # written at once
            for block in blocks:
                if type(block).__name__ in SPACED and type(block) is not before:
                    self.console.print()
                self._block(block)
                before = type(block)

    def _block(self, block: Block) -> None:
        """Prints one block."""
        console, options, say = self.console, self.options, self.options.say
        if lacks_characters(console):
            block = plain(block, console.encoding, say)
        match block:
            case Subject():
                for line in subject_lines(block, console.width, options):
                    put(console, line)
            case Heading():
                put(console, Running(Text(say.marked(block.text), NAME)))
                if block.about:
                    put(console, Running(Text(say.marked(block.about), QUIET)))
            case Formula():
                put(console, formula_text(block, options))
            case TokenLine():
                put(console, token_line(block.tokens, console.width, options, say.marked(block.side)))
            case Matrix():
                from attncli.render.terminal.grid import show

                show(block, console, options)
            case Prose():
                put(console, Running(Text(say.marked(block.text), QUIET if block.quiet else "")))
            case Note():
                put(console, Running(Text(say.marked(block.text), QUIET)))
            case _:
                module = import_module(f"attncli.render.terminal.{FIGURES[type(block).__name__]}")
                module.show(block, console, options)


def formula_text(block: Formula, options: Options) -> Running:
    """The formula and what it means, in a line; a detail below."""
    say = options.say
    space = "   " if block.formula and block.meaning else ""
    detail = f"\n{say.marked(block.detail)}" if block.detail else ""
    meaning = space + say.marked(block.meaning) + detail
    return Running(Text.assemble((say.marked(block.formula), FORMULA), (meaning, QUIET)))


def fitted(maps: HeadMaps, output: IO[bytes], options: Options) -> HeadMaps:
    """The maps with their sides pooled to what the window has room for."""
    from attncli.render.terminal.maps import fitted as fitted_to_window

    console = console_for(output, options)
    if lacks_characters(console):
        maps = plain(maps, console.encoding, options.say)
    try:
        return fitted_to_window(maps, console, options)
    finally:
        finish(console)


def writer(page: Page, output: IO[bytes], options: Options) -> TerminalWriter:
    return TerminalWriter(page, output, options)
