"""Maps for people at a terminal: one head large, or many as a grid of small ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO

import numpy as np
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from attncli.insights.maps import HeadMap, Section, marked, score_of
from attncli.render import Options
from attncli.render import map_words as words
from attncli.render.console import console_for, finish
from attncli.render.grid import HEAD, QUIET
from attncli.render.heatmap import Layout, heatmap, laid_out, scale_lines
from attncli.render.ink import Ink, ink_of
from attncli.render.map_grid import Grid, grid_of
from attncli.render.table import FORMULA, NAME, summary, token_line
from attncli.tracing import Trace

LINES = 40
"""How high a map may be where there is no window that it has to fit."""
AROUND = 11
"""Lines of a window for what stands above and below a map."""


class MapText:
    """Draws sections of maps, each pooled as `fitted` said before they were made."""

    def __init__(self, head: Trace, output: IO[bytes], options: Options, sort: str = "layer") -> None:
        self.head, self.options, self.sort = head, options, sort
        self.console = console_for(output, options)
        self.width = self.console.width

    def fitted(self, section: Section) -> Section:
        """The section with its sides pooled to what there is room for."""
        drawn = self._layout(section) if len(section.maps) == 1 else self._grid(section)
        return replace(section, rows=drawn.rows, columns=drawn.columns)

    def write(self, sections: Sequence[Section]) -> None:
        head = self.head
        if head.model is not None and head.tokens is not None:
            self.console.print(summary(head.model, head.tokens))
            if any(len(section.maps) > 1 for section in sections):  # a map alone has its tokens along its sides
                source = "" if head.target is None else "source"
                self.console.print(token_line(head.tokens, self.width, self.options.full, source))
                if head.target is not None:
                    self.console.print(token_line(head.target, self.width, self.options.full, "target"))
        for section in sections:
            self._section(section)
        finish(self.console)

    def _section(self, section: Section) -> None:
        ink = ink_of(self.console, section.signed)
        meaning = f"   {section.meaning}" if section.meaning else ""
        self.console.print("", Text.assemble((section.formula, FORMULA), (meaning, QUIET)), sep="\n")
        if len(section.maps) == 1:
            (one,) = section.maps
            self._say((words.full_title(one), NAME), (f"  {words.shape(section)}", QUIET))
            self._draw(heatmap(one.values, section.limits, self._layout(section), ink))
        else:
            self._say((section.name, NAME), (f"  {words.shape(section)}", QUIET))
            self._draw(self._grid(section).lines(section, self.sort, ink))
        self._draw(["", *scale_lines(section.limits, ink, self.width)])
        for note in _notes(section, ink):
            self._say((note, QUIET))
        self._marks(section)

    def _marks(self, section: Section) -> None:
        """Which heads do what, if any does."""
        found = marked(section.maps) if len(section.maps) > 1 else {}
        for kind, heads in found.items():
            said = f"   looks at {words.MARKS[kind]}"
            room = max(self.width - 10 - cell_len(said), 20)
            self._say((f"{kind:<10}", HEAD), (_listed(heads, kind, room), ""), (said, QUIET))
        if found:
            self._say((words.MARKED, QUIET))

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


def _notes(section: Section, ink: Ink) -> list[str]:
    said = []
    if any((one.values == -np.inf).any() for one in section.maps):
        said.append(f"{ink.not_allowed} not allowed: the query may not look there")
    if any(np.isnan(one.values).any() for one in section.maps):
        said.append(f"{ink.not_a_number} not a number")
    return [*said, *filter(None, [words.pooling(section)])]


def _listed(heads: Sequence[HeadMap], kind: str, room: int) -> str:
    """Heads with their scores, as many as there is room for."""
    items = [f"{words.place(one)} {score_of(one, kind):.2f}" for one in heads]
    shown = len(items)
    while shown > 1 and cell_len("  ".join(items[:shown])) > room - 10:
        shown -= 1
    return "  ".join(items[:shown]) + (f"  ⋯ {len(items) - shown} more" if shown < len(items) else "")
