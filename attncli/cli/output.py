"""Output to the terminal, a pipe or a file, in the requested format."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from attncli.errors import UsageError
from attncli.language import N_, Message, language
from attncli.model.request import Output
from attncli.render.page.formats import FORMATS, format_of
from attncli.render.page.picture_style import PLAIN, PictureStyle, size_of

if TYPE_CHECKING:
    from attncli.render.page.page import Options


def chosen_format(output: Output, example: str = "trace", colored: tuple[str, ...] = ()) -> str:
    """The named format, or the one that the file's ending means, or else `table`. `example` begins the file name
    in a hint; `colored` are the formats beside pictures whose colors can be chosen. Raises UsageError for a binary
    format on a terminal, and for options of pictures that have no effect on the format."""
    named = output.format or (None if output.path is None else format_of(output.path.name)) or "table"
    if FORMATS[named].binary and output.path is None and sys.stdout.isatty():
        raise UsageError(
            N_("{named} is not for a terminal.", named=named),
            N_("Write it to a file: -o {example}.{named}", example=example, named=named),
        )
    pictures = [name for name, medium in FORMATS.items() if medium.kind == "picture"]
    takes = {"size": pictures, "colors": [*pictures, *colored], "title": [*pictures, "html"]}
    for option, formats in takes.items():
        if getattr(output, option) is not None and named not in formats:
            raise UsageError(
                N_("--{option} has no effect on {format}.", option=option, format=named),
                N_("It is for {formats}: -o {example}.svg", formats=", ".join(formats), example=example),
            )
    return named


def no_arrays(format_: str, what: Message) -> str:
    """The format, if it can hold words. Raises UsageError for one that holds arrays of numbers, which `what`, the
    answer of the command, has none of."""
    if FORMATS[format_].kind == "arrays":
        raise UsageError(
            N_("{format} holds arrays of numbers, and {what} has none.", format=format_, what=what),
            N_("Use --json, --format csv or --format md."),
        )
    return format_


def render_options(output: Output) -> Options:
    from attncli.render.page.page import Options

    size = None if output.size is None else size_of(output.size)
    style = PictureStyle(size, output.colors or PLAIN.colors, output.title)
    return Options(precision=output.precision, full=output.full, say=language(output.language), picture=style)


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
