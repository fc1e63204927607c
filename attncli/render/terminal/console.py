"""The Rich console of an output: the terminal, a pipe, or a file."""

from __future__ import annotations

import io
import sys
from typing import IO

from rich.console import Console, RenderableType

from attncli.render.page.page import Options


def console_for(output: IO[bytes], options: Options) -> Console:
    """A console that shows text literally (no markup, no emoji codes).

    Color only on a terminal, and not under NO_COLOR; the width is the terminal's, or COLUMNS, or 80.
    """
    if output is sys.stdout.buffer:
        stream = sys.stdout
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks √ still shows the numbers
        return Console(file=stream, width=options.width, highlight=False, markup=False, emoji=False)
    file = io.TextIOWrapper(output, "utf-8", newline="", write_through=True)
    return Console(file=file, width=options.width, highlight=False, markup=False, emoji=False)


def put(console: Console, renderable: RenderableType) -> None:
    """Prints what knows its own width: Rich, which measures in another way, cuts nothing off."""
    console.print(renderable, crop=False)


def finish(console: Console) -> None:
    """Flushes the output and leaves it open."""
    console.file.flush()
    if console.file is not sys.stdout and isinstance(console.file, io.TextIOWrapper):
        console.file.detach()
