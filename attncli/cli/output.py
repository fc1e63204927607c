"""Output to the terminal, a pipe or a file, in the requested format."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
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
    if output.ascii and named != "table":
        raise UsageError(N_("--ascii is for tables and maps in text, and {named} is none.", named=named))
    if output.ascii and output.language not in (None, "en"):
        raise UsageError(N_("--ascii cannot show the captions of --lang {language}.", language=output.language))
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
    options = Options(
        full=output.full,
        ascii=output.ascii,
        say=language("en" if output.ascii else output.language),
        picture=PictureStyle(size, output.colors or PLAIN.colors, output.title),
    )
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
def opened(
    path: Path | None, pager: bool = True, before_pager: Callable[[], None] = lambda: None
) -> Iterator[IO[bytes]]:
    """Standard output, or a file that appears whole or not at all. `-` is standard output. On a terminal, what is
    taller than the window goes through a pager, except with `pager` False; before it takes the screen,
    `before_pager` is called."""
    if path is not None and str(path) != "-":
        from attncli.files import write_whole

        with write_whole(path) as file:
            yield file
        return
    output = sys.stdout.buffer
    if pager and output.isatty():
        from attncli.cli.pager import paged, pager_for

        if command := pager_for(os.environ):
            with paged(output, command, before_pager) as to_pager:
                yield to_pager
            return
    yield output
    output.flush()
