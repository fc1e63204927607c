"""`attn schema`: the format of JSON output, for programs."""

from __future__ import annotations

import click

from attncli.cli.options import pager_option
from attncli.cli.parsing import Command

SCHEMAS = ("trace", "worked", "map", "overview", "tokens", "versus", "pe", "similarity", "model", "families",
           "stages")  # fmt: skip


@click.command(
    "schema",
    cls=Command,
    epilog="\b\nExamples:\n  attn schema\n  attn schema tokens\n  attn schema > trace.schema.json",
)
@pager_option
@click.argument("name", type=click.Choice(SCHEMAS), default="trace", metavar="[NAME]")
def command(name: str, pager: bool) -> None:
    """Print the JSON Schema of a command's --json.

    NAME is trace (attn explain, the default), worked (attn explain --query), map, overview
    (attn map --overview), tokens, versus, pe, similarity (attn pe --similarity), model, families or stages.
    """
    from importlib.resources import files

    from attncli.cli.output import opened

    with opened(None, pager) as output:
        output.write((files("attncli") / "schemas" / f"{name}-1.json").read_bytes())
