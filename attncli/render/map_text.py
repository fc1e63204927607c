"""Maps for people at a terminal: one head large, or many as a grid of small ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from attncli.insights.maps import Section
from attncli.render import map_words as words
from attncli.render.heatmap import Layout, heatmap, laid_out, scale_lines
from attncli.render.ink import ink_of
from attncli.render.map_grid import Grid, grid_of
from attncli.render.page.page import Options
from attncli.render.table import FORMULA, NAME, summary, token_line
from attncli.render.terminal.console import console_for, finish
from attncli.render.terminal.grid import HEAD, QUIET
from attncli.tracing.trace import Trace

LINES = 40
"""How high a map may be where there is no window that it has to fit."""
AROUND = 11
"""Lines of a window for what stands above and below a map."""


class MapText:
    """Draws sections of maps, each pooled as `fitted` said before they were made."""

    def __init__(self, head: Trace, output: IO[bytes], options: Options, sort: str = "layer") -> None:
        self.head, self.options, self.say, self.sort = head, options, options.say, sort
        self.console = console_for(output, options)
        self.width = self.console.width

    def fitted(self, section: Section) -> Section:
        """The section with its sides pooled to what there is room for."""
        drawn = self._layout(section) if len(section.maps) == 1 else self._grid(section)
        return replace(section, rows=drawn.rows, columns=drawn.columns)

    def write(self, sections: Sequence[Section]) -> None:
        head, say = self.head, self.say
        if head.model is not None and head.tokens is not None:
            self.console.print(summary(head.model, say))
            if any(len(section.maps) > 1 for section in sections):  # a map alone has its tokens along its sides
                source = "" if head.target is None else say("source")
                self.console.print(token_line(head.tokens, self.width, self.options, source))
                if head.target is not None:
                    self.console.print(token_line(head.target, self.width, self.options, say("target")))
        for section in sections:
            self._section(section)
        finish(self.console)

    def _section(self, section: Section) -> None:
        ink, say = ink_of(self.console, section.signed), self.say
        self.console.print()
        meaning = f"   {say(section.meaning)}" if section.meaning else ""
        self._say((say(section.formula), FORMULA), (meaning, QUIET))
        alone = len(section.maps) == 1
        name = words.full_title(section.maps[0], say) if alone else section.name
        self._say((name, NAME), (f"  {words.shape(section, say)}", QUIET))
        if alone:
            self._draw(heatmap(section.maps[0].values, section.limits, self._layout(section), ink))
        else:
            self._draw(self._grid(section).lines(section, self.sort, ink, say))
        self._draw(["", *scale_lines(section.limits, ink, self.width, say)])
        if words.has_not_allowed(section):
            self._say((f"{ink.not_allowed} {say('not allowed: the query may not look there')}", QUIET))
        if words.has_no_number(section):
            self._say((f"{ink.not_a_number} {say('not a number')}", QUIET))
        if section.pooled:
            self._say((words.pooling(section, say), QUIET))
        self._marks(section)

    def _marks(self, section: Section) -> None:
        """Which heads do what, if any does."""
        found = list(words.marks(section))
        for kind, heads, looks in found:
            said = f"   {self.say(looks)}"
            shown = len(heads)
            while shown > 1 and cell_len("  ".join(heads[:shown])) > self.width - 24 - cell_len(said):
                shown -= 1
            more = f"  ⋯ {self.say('{count} more', count=len(heads) - shown)}" if shown < len(heads) else ""
            self._say((f"{kind:<10}", HEAD), ("  ".join(heads[:shown]) + more, ""), (said, QUIET))
        if found:
            self._say((self.say(words.MARKED), QUIET))

    def _layout(self, section: Section) -> Layout:
        height = (self.console.height if self.console.is_terminal else LINES + AROUND) - AROUND
        ink = ink_of(self.console, False)  # whether there are signs is not known yet, and alters no size
        rows, columns = replace(section.rows, step=1), replace(section.columns, step=1)
        return laid_out(rows, columns, self.width, height, ink, self.options.full)

    def _grid(self, section: Section) -> Grid:
        return grid_of(section, self.width, ink_of(self.console, False), self.sort, self.options.full)

    def _say(self, *parts: tuple[str, str]) -> None:
        self.console.print(Text.assemble(*parts))

    def _draw(self, lines: Sequence[str]) -> None:
        self.console.print(_Drawn(lines), crop=False, end="")


def writer(head: Trace, output: IO[bytes], options: Options, sort: str) -> MapText:
    return MapText(head, output, options, sort)


@dataclass(frozen=True)
class _Drawn:
    """Lines with their colours in them, for Rich to write as they are."""

    lines: Sequence[str]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines:
            yield Segment(line + "\n")
