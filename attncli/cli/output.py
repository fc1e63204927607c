"""Output to the terminal, a pipe or a file, in the requested format."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from attncli.errors import UsageError
from attncli.language import N_, language
from attncli.model.request import Output
from attncli.render.page.formats import FORMATS, format_of

if TYPE_CHECKING:
    from attncli.render.page.page import Options


def chosen_format(output: Output, example: str = "trace") -> str:
    """The named format, or the one that the file's ending means, or else `table`. `example` begins the file name
    in a hint. Raises UsageError for a binary format on a terminal."""
    named = output.format or (None if output.path is None else format_of(output.path.name)) or "table"
    if FORMATS[named].binary and output.path is None and sys.stdout.isatty():
        raise UsageError(
            N_("{named} is not for a terminal.", named=named),
            N_("Write it to a file: -o {example}.{named}", example=example, named=named),
        )
    return named


def no_arrays(format_: str, what: str) -> str:
    """The format, if it can hold words. Raises UsageError for one that holds arrays of numbers."""
    if FORMATS[format_].kind == "arrays":
        raise UsageError(
            N_("{format} holds arrays of numbers, and {what} has none.", format=format_, what=what),
            N_("Use --json, --format csv or --format md."),
        )
    return format_


def render_options(output: Output) -> Options:
    from attncli.render.page.page import Options

    options = Options(full=output.full, say=language(output.language))
    return options if output.precision is None else replace(options, precision=output.precision, exact=True)


def width_of(output: IO[bytes]) -> int:
    """The width of the terminal in characters; for other outputs, the width that they are given
    (`console_for`)."""
    from attncli.render.page.page import Options
    from attncli.render.terminal.console import console_for, finish

    console = console_for(output, Options())
    finish(console)
    return console.width


@contextmanager
def opened(path: Path | None) -> Iterator[IO[bytes]]:
    """Standard output, or a file that appears whole or not at all. `-` is standard output."""
    if path is None or str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    from attncli.files import write_whole

    with write_whole(path) as file:
        yield file
