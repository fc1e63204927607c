"""Running text broken into lines: between words, and between the characters of Japanese, which has no spaces."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.text import Text

from attncli.render.page.line_breaks import breaks, pieces


@dataclass(frozen=True)
class Running:
    """A text that fills the width it is given."""

    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for paragraph in self.text.split("\n", allow_blank=True):
            for line in paragraph.divide(breaks(paragraph.plain, options.max_width)):
                line.rstrip()
                yield line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        lines = self.text.plain.split("\n")
        narrowest = max((cell_len(piece.rstrip()) for line in lines for piece in pieces(line)), default=0)
        return Measurement(narrowest, max(map(cell_len, lines))).with_maximum(options.max_width)
