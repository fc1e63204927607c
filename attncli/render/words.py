"""Tables of running text, broken between words: what is said of models, not their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from attncli.render import Options

Row = dict[str, str]


def write_words(
    name: str, rows: Sequence[Row], output: IO[bytes], options: Options, header: bool = True, note: str = ""
) -> None:
    """Writes rows, which all have the same columns, as a table or in Markdown (`md`), and a note below. What is
    marked in them is said in the language of the options."""
    say = options.say
    said = [{say(column): say.marked(text) for column, text in row.items()} for row in rows]
    (_markdown if name == "md" else _table)(said, output, options, header, say(note))


def _table(rows: Sequence[Row], output: IO[bytes], options: Options, header: bool, note: str) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from attncli.render.console import console_for, finish
    from attncli.render.grid import HEAD, QUIET
    from attncli.render.wrapping import Running

    console = console_for(output, options)
    table = Table(box=box.ROUNDED, border_style=QUIET, header_style=f"bold {HEAD}", show_header=header)
    for place, column in enumerate(rows[0]):
        table.add_column(column, overflow="fold", no_wrap=place == 0, style=None if place else HEAD)
    for row in rows:
        first, *others = (Text(_visible(text)) for text in row.values())
        table.add_row(first, *map(Running, others))
    console.print(table)
    if note:
        console.print(Running(Text(note, QUIET)))
    finish(console)


def _markdown(rows: Sequence[Row], output: IO[bytes], options: Options, header: bool, note: str) -> None:
    from attncli.render.markdown import as_row, escape

    lines = [as_row(list(rows[0])), as_row(["---"] * len(rows[0]))]
    cells = [[escape(_visible(text)).replace("\n", "<br>") for text in row.values()] for row in rows]
    lines += map(as_row, cells)
    output.write(("\n".join([*lines, *(["", escape(note)] if note else [])]) + "\n").encode())


def _visible(text: str) -> str:
    """Spaces and the ends of lines may stay; all else that cannot be seen may not."""
    from attncli.render.markdown import visible_words

    return "\n".join(map(visible_words, text.split("\n")))
