"""`attn schema`: the format of JSON output, for programs."""

from __future__ import annotations

import click

from attncli.cli.options import pager_option
from attncli.cli.parameters import argument
from attncli.cli.parsing import Command
from attncli.errors import UsageError, nearest
from attncli.language import N_

SCHEMAS = ("trace", "worked", "map", "overview", "tokens", "versus", "pe", "similarity", "model", "families",
           "stages")  # fmt: skip


@click.command(
    "schema",
    cls=Command,
    about=[
        N_("Print the JSON Schema of what a command prints with --json."),
        N_("A schema only grows; what would break a reader gets a new number."),
    ],
    examples=[
        (N_("Of attn explain:"), "attn schema explain"),
        (N_("Of attn explain --query:"), "attn schema worked"),
        (N_("Into a file:"), "attn schema > trace.schema.json"),
    ],
)
@pager_option
@argument(
    "name",
    metavar="[NAME]",
    default="trace",
    callback=lambda context, parameter, name: _schema_of(name),
    shell_complete=lambda context, parameter, incomplete: [*_starting(incomplete)],
    help=N_(
        "A command (explain, map, tokens, versus, pe, model, families, stages), or what it prints: trace (attn "
        "explain), worked (attn explain --query), overview (attn map --overview), similarity (attn pe "
        "--similarity).  [default: trace]"
    ),
)
def command(name: str, pager: bool) -> None:
    from importlib.resources import files

    from attncli.cli.output import opened

    with opened(None, pager) as output:
        output.write((files("attncli") / "schemas" / f"{name}-1.json").read_bytes())


def _schema_of(name: str) -> str:
    """The schema that a name means: its own, that of a command, or that of a document (attn.trace/1)."""
    short = name.removeprefix("attn.").removesuffix("/1")
    schema = "trace" if short == "explain" else short
    if schema not in SCHEMAS:
        raise UsageError(N_("there is no schema {name!r}.", name=name), nearest(short, ["explain", *SCHEMAS]))
    return schema


def _starting(incomplete: str) -> list[str]:
    return [name for name in ("explain", *SCHEMAS) if name.startswith(incomplete)]
