"""Output to the terminal, a pipe or a file, in the requested format."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from attncli.errors import AttnError, UsageError
from attncli.language import N_, language, listed
from attncli.model.request import Output
from attncli.render.page.formats import FORMATS, endings_of, format_of, formats_of
from attncli.render.page.picture_style import PLAIN, PictureStyle, size_of

SPOOLED = 1 << 24
"""How many bytes of an answer are kept in memory before they go to a temporary file."""

if TYPE_CHECKING:
    from attncli.render.page.page import Options


def chosen_format(output: Output, command: str, colored: tuple[str, ...] = ()) -> str:
    """The named format, or the one that the file's ending means, or else `table`. `colored` are the formats beside
    pictures whose colors can be chosen. Raises UsageError for an ending that means no format of the command, or
    another than the named one, for a binary format on a terminal, and for options of pictures that have no effect
    on the format."""
    named = output.format or "table"
    if is_file(output.path):
        assert output.path is not None
        named = _format_of_file(output.path, output.format, command)
    if FORMATS[named].binary and output.path is None and sys.stdout.isatty():
        raise UsageError(
            N_("{named} is not for a terminal.", named=named),
            N_("Write it to a file: -o {command}.{named}", command=command, named=named),
        )
    pictures = [name for name, medium in FORMATS.items() if medium.kind == "picture"]
    takes = {"size": pictures, "colors": [*pictures, *colored], "title": [*pictures, "html"]}
    for option, formats in takes.items():
        if getattr(output, option) is not None and named not in formats:
            raise UsageError(
                N_("--{option} has no effect on {format}.", option=option, format=named),
                N_("It is for {formats}: -o {command}.svg", formats=listed(*formats), command=command),
            )
    if output.ascii and named != "table":
        raise UsageError(N_("--ascii is for tables and maps in text, and {named} is none.", named=named))
    if output.ascii and output.language not in (None, "en"):
        raise UsageError(N_("--ascii cannot show the captions of --lang {language}.", language=output.language))
    return named


def _format_of_file(path: Path, named: str | None, command: str) -> str:
    meant, ending = format_of(path.name), path.suffix
    if named is None and meant in formats_of(command):
        assert meant is not None
        return meant
    if named is None:
        endings = " ".join(endings_of(command))
        if not ending:
            raise UsageError(
                N_("-o {path}: the name has no ending that says which format to write.", path=path),
                N_("Add one of {endings}, or give --format too.", endings=endings),
            )
        raise UsageError(
            N_(
                "-o {path}: attn {command} does not write {ending} files.",
                path=path,
                command=command,
                ending=ending,
            ),
            N_("It writes {endings}; for any other name, give --format too.", endings=endings),
        )
    if meant not in (None, named) and (meant != "table" or FORMATS[named].binary):  # .txt may be any text
        raise UsageError(
            N_("--format {named} and -o {path} contradict each other.", named=named, path=path),
            N_("Leave out --format to get {meant}, or name the file {example}.",
               meant=meant, example=path.with_suffix(FORMATS[named].suffixes[0])),
        )  # fmt: skip
    return named


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
    path: Path | None,
    pager: bool = True,
    before_pager: Callable[[], None] = lambda: None,
    whole: bool = False,
) -> Iterator[IO[bytes]]:
    """Standard output, or a file that appears whole or not at all. `-` is standard output. On a terminal, what is
    taller than the window goes through a pager, except with `pager` False; before it takes the screen,
    `before_pager` is called. `whole`: standard output, a device or a pipe gets nothing either before the context
    ends, and nothing after an error."""
    with _stream(path, pager, before_pager) as stream:
        if not whole or is_file(path):  # a file is always whole
            yield stream
            return
        from shutil import copyfileobj
        from tempfile import SpooledTemporaryFile

        with SpooledTemporaryFile(SPOOLED) as spool:
            yield spool
            spool.seek(0)
            copyfileobj(spool, stream)


@contextmanager
def _stream(path: Path | None, pager: bool, before_pager: Callable[[], None]) -> Iterator[IO[bytes]]:
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


def is_file(path: Path | None) -> bool:
    """Whether an answer goes to a file, and not to standard output, a device or a pipe."""
    return path is not None and str(path) != "-" and (path.is_file() or not path.exists())


def incomplete(error: AttnError) -> AttnError:
    """The error for an answer whose beginning has been written."""
    return type(error)(N_("the answer is incomplete: {reason}", reason=error.message), error.hint)
