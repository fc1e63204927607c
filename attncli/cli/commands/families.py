"""`attn families`: which models attn knows."""

from __future__ import annotations

import click

from attncli.cli import completing
from attncli.cli.options import output_options
from attncli.cli.parameters import argument
from attncli.cli.parsing import Command
from attncli.cli.requests import typed_options
from attncli.language import N_
from attncli.model.request import Output


@click.command(
    "families",
    cls=Command,
    about=[
        N_("List the families of models that attn knows, with their traits."),
        N_(
            "The traits are those of each family's default config.json. A checkpoint may turn on others (a "
            "window, experts, biases, keys shared by heads); attn model shows those. JSON and CSV also name the "
            "fields of config.json that attn reads for the family."
        ),
    ],
    examples=[
        (N_("All of them:"), "attn families"),
        (N_("Some:"), "attn families llama gpt2"),
        (N_("Their positions:"), "attn families --json | jq '.families[] | {family, positions}'"),
        (N_("The fields that attn reads:"), "attn families llama --json | jq '.families[].config'"),
    ],
)
@argument(
    "names", metavar="[FAMILY]...", nargs=-1, shell_complete=completing.families, help=N_("Only these families.")
)
@output_options("families")
@typed_options
def command(names: tuple[str, ...], output: Output) -> None:
    from attncli.cli.output import chosen_format, opened, render_options, width_of
    from attncli.model.family_traits import families
    from attncli.render.page.formats import write
    from attncli.views import families as view

    format_ = chosen_format(output, "families")
    traits, options = families(names), render_options(output)
    with opened(output.path, output.pager) as stream:
        width = width_of(stream) if format_ == "table" else None
        write(format_, view.page(traits, options, width), stream, options)
