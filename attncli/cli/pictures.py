"""The options of commands that draw maps, and which format they mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from attncli.cli.options import (
    ascii_option,
    colors_option,
    pager_option,
    picture_options,
)
from attncli.cli.parameters import OUTPUT, language_option, option, together
from attncli.language import N_
from attncli.model.request import Output
from attncli.render.page.formats import formats_of

MAP_FORMATS = ("text", *formats_of("map"))
"""`text` is a map for the terminal; in a command that only draws maps, `table` means the same."""
PICTURES = ("text", "svg", "html", "png", "pdf")
"""The formats that mean a map in a command that otherwise prints numbers."""

map_output_options = together(
    option(
        "--format",
        "format_",
        type=click.Choice(MAP_FORMATS),
        show_default=N_("as the ending of -o says, or text"),
        help=N_("Output format."),
    ),
    option("--json", "json_", is_flag=True, help=N_("Short for --format json.")),
    option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        help=N_(
            "Write to a file; its ending (such as .svg) sets the format, and must not contradict --format. On "
            "an error nothing is written."
        ),
    ),
    option("--full", is_flag=True, help=N_("Do not pool, however large the maps are.")),
    picture_options,
    colors_option,
    ascii_option,
    pager_option,
    language_option,
    section=OUTPUT,
)
"""Where maps go, and in which format."""


def map_format(output: Output, command: str = "map") -> str:
    """The named format, or the one that the file's ending means, or else text for the terminal. Raises UsageError
    for a binary format on a terminal."""
    from attncli.cli.output import chosen_format

    return chosen_format(
        replace(output, format="table") if output.format == "text" else output, command, ("html",)
    )


def format_or_map(output: Output, as_map: bool, command: str) -> tuple[str, bool]:
    """The format, and whether to draw a map, for a command that also prints numbers: it draws one with --map, or
    if the format or the file's ending is that of a picture."""
    from attncli.cli.output import chosen_format
    from attncli.render.page.formats import format_of

    ending = None if output.path is None or output.format is not None else format_of(output.path.name)
    as_map = as_map or output.format in PICTURES or ending in PICTURES
    return (map_format(output, command) if as_map else chosen_format(output, command)), as_map
