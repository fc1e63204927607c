"""The options of commands that draw, and which format they mean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from attncli.cli.options import FORMATS
from attncli.text.language import LANGUAGES

Command = TypeVar("Command", bound=Callable[..., Any])
MAP_FORMATS = ("text", "svg", "html", "png", *(name for name in FORMATS if name != "table"))
PICTURES = ("text", "svg", "html", "png")
"""The formats that mean maps where a command prints numbers otherwise."""


def map_output_options(command: Command) -> Command:
    """How and where to, of maps."""
    for option in reversed(
        (
            click.option(
                "--format", "format_", type=click.Choice(MAP_FORMATS), help="Output format.  [default: text]"
            ),
            click.option("--json", "json_", is_flag=True, help="Short for --format json."),
            click.option(
                "-o",
                "--output",
                type=click.Path(path_type=Path),
                help="Write to a file (whole or not at all); its ending (.svg, .png, .html) sets the format.",
            ),
            click.option("--full", is_flag=True, help="Pool nothing, however large."),
            click.option(
                "--lang",
                type=click.Choice(LANGUAGES),
                help="The language of captions.  [default: the locale's, or en]",
            ),
        )
    ):
        command = option(command)
    return command


def map_format(options: dict[str, Any]) -> str:
    """--format, --json, or what the ending of -o says; else text. Raises UsageError if they disagree."""
    from attncli.cli.output import chosen
    from attncli.render.page.formats import FORMATS, format_of

    if options["format_"] == "text":
        options = options | {"format_": "table"}
    return chosen(options, FORMATS, format_of, "table", "map")


def format_or_map(options: dict[str, Any]) -> tuple[str, bool]:
    """The format, and whether it is of a map, for a command that draws one if it is told to: by --map, or by the
    format or the ending of a picture. Raises UsageError if they disagree."""
    from attncli.cli.output import chosen
    from attncli.render.page.formats import FORMATS, format_of

    named, path = options["format_"], options["output"]
    ending = None if path is None or named is not None else format_of(path.name)
    if options["as_map"] or named in PICTURES or ending in PICTURES:
        return map_format(options), True
    return chosen(options, FORMATS, format_of, "table", "trace"), False
