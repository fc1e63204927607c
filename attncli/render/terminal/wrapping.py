"""Running text broken into lines: between words, and between the characters of Japanese, which has no spaces."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from attncli.render.page.line_breaks import breaks


@dataclass(frozen=True)
class Running:
    """A text that fills the width of the console. Rich does not measure its lines again."""

    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for paragraph in self.text.split("\n", allow_blank=True):
            for line in paragraph.divide(breaks(paragraph.plain, options.max_width)):
                line.rstrip()
                yield from line.render(console)
                yield Segment.line()


@dataclass(frozen=True)
class Whole:
    """A text whose lines stay as they are."""

    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.text.render(console, "\n")
