"""The one way out: to the terminal, a pipe or a file, in the format that was asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from attncli.errors import UsageError
from attncli.render.page.formats import FORMATS, Format, format_of
from attncli.render.page.page import Options
from attncli.text.language import language


def chosen_format(options: dict[str, Any]) -> str:
    """--format, --json, or what the ending of -o says; else tables. Raises UsageError if they disagree."""
    return chosen(options, FORMATS, format_of, "table", "trace")


def chosen(
    options: dict[str, Any],
    formats: Mapping[str, Format],
    by_ending: Callable[[str], str | None],
    otherwise: str,
    example: str,
) -> str:
    """The same among some formats; `example` begins the name of a file in a hint."""
    named, path = options["format_"], options["output"]
    if options["json_"]:
        if named not in (None, "json"):
            raise UsageError(f"--json and --format {named} are both given.")
        named = "json"
    if named is None:
        named = (None if path is None else by_ending(path.name)) or otherwise
    if formats[named].binary and path is None and sys.stdout.isatty():
        raise UsageError(f"{named} is not for a terminal.", f"Write it to a file: -o {example}.{named}")
    return str(named)


def no_arrays(format_: str, what: str) -> str:
    """The format, where it can hold words. Raises UsageError for one that holds arrays of numbers."""
    if FORMATS[format_].kind == "arrays":
        raise UsageError(
            f"{format_} holds arrays of numbers, and {what} has none.", "Take --json, --format csv or md."
        )
    return format_


def render_options(options: dict[str, Any]) -> Options:
    return Options(precision=options["precision"], full=options["full"], say=language(options["lang"]))


def width_of(output: IO[bytes]) -> int:
    """The width of a terminal, or of what stands for one, in characters."""
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
