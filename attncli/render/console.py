"""The Rich console of an output: the terminal, a pipe, or a file."""

from __future__ import annotations

import io
import sys
from typing import IO, TextIO

from rich.console import Console

from attncli.render import Options


def console_for(output: IO[bytes], options: Options) -> tuple[Console, TextIO]:
    """A console that shows text literally (no markup, no emoji codes), and the text stream below it.

    Colour only on a terminal, and not under NO_COLOR; the width is the terminal's, or COLUMNS, or 80.
    """
    if output is not sys.stdout.buffer:
        stream: TextIO = io.TextIOWrapper(output, "utf-8", newline="")
    else:
        stream = sys.stdout
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks √ still shows the numbers
    console = Console(
        file=stream, width=options.width, highlight=False, markup=False, emoji=False, soft_wrap=False
    )
    return console, stream
