"""A comparison of attention and recurrence for people: at a terminal, or in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from attncli.insights.versus.comparison import Comparison
from attncli.insights.versus.models import NAMES
from attncli.render.markdown import as_row, escape
from attncli.render.page.page import Options
from attncli.render.plot import SEVERAL, Cell, plot
from attncli.render.table import NAME, token_line
from attncli.render.terminal.console import console_for, finish
from attncli.render.terminal.grid import HEAD, QUIET
from attncli.render.terminal.wrapping import Running
from attncli.render.versus_parts import STYLES, Part, parts
from attncli.render.versus_words import LABELS
from attncli.text.language import Message
from attncli.text.tokens import Tokens

NARROW, VERY_NARROW = 72, 48
"""Columns of a terminal below which tables go without a frame, and with less space between their columns."""
WORDS_WIDTH = 28


def write_versus(
    format_: str, found: Comparison, tokens: Tokens, settings: Message, output: IO[bytes], options: Options
) -> None:
    """`format_`: table or md. `settings` say how the models were drawn."""
    made = parts(found, tokens, options)
    if format_ == "md":
        output.write(_markdown(made, tokens, settings, options).encode())
        return
    console = console_for(output, options)
    with console:  # written at once
        console.print(Running(Text.assemble(("attn versus", NAME), (f" · {options.say(settings)}", QUIET))))
        console.print(token_line(tokens, console.width, options))
        for part in made:
            _print(console, part, options)
    finish(console)


def _print(console: Console, part: Part, options: Options) -> None:
    say = options.say
    console.print("", Text(say(part.title), NAME), Running(Text(say(part.caption), QUIET)), sep="\n")
    if part.tokens is not None:
        console.print(token_line(part.tokens, console.width, options, say("shuffled")))
    console.print(_table(part, console.width, options))
    if part.curves and part.axes is not None:
        console.print("", Running(_legend(part, options)), sep="\n")
        for line in plot(part.curves, part.axes, console.width, console.encoding.startswith("utf")):
            console.print(_text(line))
    if part.shown is not None and part.claimed is not None:
        console.print("", Running(Text(say(part.shown))), Running(Text(say(part.claimed), QUIET)), sep="\n")


def _table(part: Part, width: int, options: Options) -> Table:
    """Words give way to numbers, which stay whole."""
    narrow = width < NARROW
    table = Table(
        box=None if narrow else box.ROUNDED, border_style=QUIET, header_style=f"bold {HEAD}",
        pad_edge=not narrow, padding=(0, 1) if not narrow else (0, 1 if width < VERY_NARROW else 2, 0, 0),
    )  # fmt: skip
    said = [[options.say.marked(cell) for cell in row] for row in (part.header, *part.rows)]
    for column, header in enumerate(said[0]):
        number = column not in part.words
        table.add_column(
            header, justify="right" if number else "left", no_wrap=number,
            style=None if number else HEAD, max_width=None if number else WORDS_WIDTH,
            overflow="fold",
        )  # fmt: skip
    for place, row in enumerate(said[1:]):
        cells = [Text(cell, "bold" if (place, i) in part.bold else "") for i, cell in enumerate(row)]
        table.add_row(*(Running(cell) if i in part.words else cell for i, cell in enumerate(cells)))
    return table


def _legend(part: Part, options: Options) -> Text:
    """Which letter is whose, and what goes with what."""
    letters = [(f"{name[0].upper()} {options.say.marked(LABELS[name])}", STYLES[name]) for name in NAMES]
    told = [(text, style) for letter in letters for text, style in (letter, ("  ", ""))]
    several = f"{SEVERAL} {options.say('several')}  {options.say.marked(part.axes_named)}"
    return Text.assemble(*told, (several, QUIET))


def _text(line: Sequence[Cell]) -> Text:
    return Text.assemble(*((cell, style or "") for cell, style in line))


def _markdown(made: Sequence[Part], tokens: Tokens, settings: Message, options: Options) -> str:
    say = options.say
    lines = [f"# attn versus\n\n{escape(say(settings))}. {escape(_listed(tokens))}"]
    for part in made:
        lines.append(f"\n## {escape(say(part.title))}\n\n{escape(say(part.caption))}\n")
        if part.tokens is not None:
            lines.append(f"{escape(say('shuffled'))}: {escape(_listed(part.tokens))}\n")
        said = [[escape(say.marked(cell)) for cell in row] for row in (part.header, *part.rows)]
        rule = ["---" if column in part.words else "---:" for column in range(len(said[0]))]
        lines += [as_row(said[0]), as_row(rule), *map(as_row, said[1:])]
        if part.curves and part.axes is not None:
            drawn = ["".join(cell for cell, _ in line).rstrip() for line in plot(part.curves, part.axes, 80)]
            lines.append("\n".join(["\n```text", _legend(part, options).plain, *drawn, "```"]))
        if part.shown is not None and part.claimed is not None:
            lines.append(f"\n{escape(say(part.shown))}\n\n{escape(say(part.claimed))}")
    return "\n".join(lines) + "\n"


def _listed(tokens: Tokens) -> str:
    return " ".join(f"{i} {text}" for i, text in enumerate(tokens.texts))
