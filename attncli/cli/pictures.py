"""The options of commands that draw, and which format they mean."""

from __future__ import annotations

from pathlib import Path

import click

from attncli.cli.options import language_option, together
from attncli.cli.output import chosen
from attncli.errors import UsageError
from attncli.model.request import Output

FORMATS = ("text", "svg", "html", "png", "json")
PICTURES = ("text", "svg", "html", "png")
"""Of these, those that are maps alone: JSON may also hold the numbers themselves."""

map_output_options = together(
    click.option("--format", "format_", type=click.Choice(FORMATS), help="Output format.  [default: text]"),
    click.option("--json", "json_", is_flag=True, help="Short for --format json."),
    click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        help="Write to a file; its ending (.svg, .png, .html) sets the format. On an error nothing is written.",
    ),
    click.option("--full", is_flag=True, help="Do not pool, however large the maps are."),
    language_option,
)
"""Where maps go, and in which format."""


def map_format(output: Output) -> str:
    """The format that was named, or what the ending of the file's name means; else text. Raises UsageError for a
    binary format on a terminal."""
    from attncli.render.maps import FORMATS, format_of

    return chosen(output, FORMATS, format_of, "text", "map")


def format_or_map(output: Output, as_map: bool) -> tuple[str, bool]:
    """The format, and whether it is of a map, for a command that draws one if it is told to: by --map, or by a
    format or ending that only maps have. Raises UsageError if they disagree."""
    from attncli.render import maps
    from attncli.render.page import formats

    named, path = output.format, output.path
    ending = None if path is None or named is not None else maps.format_of(path.name)
    if as_map or named in PICTURES or ending in PICTURES[1:]:
        if named not in (None, *FORMATS):
            raise UsageError(f"--map is not drawn as {named}.", f"Known: {', '.join(FORMATS)}.")
        return map_format(output), True
    return chosen(output, formats.FORMATS, formats.format_of, "table", "trace"), False
