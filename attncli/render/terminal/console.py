"""The Rich console of an output: the terminal, a pipe, or a file."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from typing import IO

from rich.console import Console, RenderableType

from attncli.render.page.cells import cell_len, cell_len_by_character
from attncli.render.page.page import Options
from attncli.render.page.window import window
from attncli.render.terminal.plain import DRAWINGS


def console_for(output: IO[bytes], options: Options) -> Console:
    """A console that shows text literally (no markup, no emoji codes).

    Color only on a terminal, and not under NO_COLOR; the width is the terminal's, or COLUMNS, or 80. Characters
    that standard output lacks, or that are not ASCII under --ascii, are replaced (`plain`)."""
    standard = output is sys.stdout.buffer
    encoding = sys.stdout.encoding if standard or output.isatty() else "utf-8"
    if options.ascii:
        encoding = "ascii"
    file: IO[str] = sys.stdout
    if not standard:
        file = io.TextIOWrapper(output, encoding, DRAWINGS, newline="", write_through=True)
    elif isinstance(file, io.TextIOWrapper):
        file.reconfigure(encoding=encoding, errors=DRAWINGS)
    columns, rows = window(os.environ)
    return Console(
        file=file, width=options.width or columns, height=rows, highlight=False, markup=False, emoji=False
    )


def put(console: Console, renderable: RenderableType) -> None:
    """Prints what knows its own width: Rich, which measures in another way, cuts nothing off."""
    console.print(renderable, crop=False)


def finish(console: Console) -> None:
    """Flushes the output and leaves it open."""
    console.file.flush()
    if console.file is not sys.stdout and isinstance(console.file, io.TextIOWrapper):
        console.file.detach()


def lacks_characters(console: Console) -> bool:
    """Whether there are characters that the output of this console cannot encode."""
    return not console.encoding.startswith("utf")


def measure_of(console: Console) -> Callable[[str], int]:
    """How many cells this console takes for a text. A multiplexer may count in another way than terminals do, and
    it alone says for sure what it is."""
    if console.is_terminal and os.environ.get("TERM", "").startswith(("tmux", "screen")):
        return cell_len_by_character
    return cell_len
