"""`attn families`: which models attn knows."""

from __future__ import annotations

from typing import Any

import click

from attncli.cli.options import output_options


@click.command(
    "families",
    epilog="\b\nExamples:\n"
    "  attn families\n"
    "  attn families llama gpt2\n"
    "  attn families --json | jq -r '.families[] | select(.positions == \"rotary\") | .family'\n"
    "  attn families llama --json | jq '.families[].config'",
)
@click.argument("names", metavar="[FAMILY]...", nargs=-1)
@output_options
def command(names: tuple[str, ...], **options: Any) -> None:
    """List the families of models that attn knows, with their traits.

    The traits are those of each family's default config.json; a checkpoint's own may turn on others (a window,
    experts, biases, keys shared by heads), and `attn model` shows what it does. JSON and CSV also name the fields
    of config.json that attn reads for the family.
    """
    from attncli.cli.output import chosen_format, no_arrays, opened, render_options, width_of
    from attncli.model.family_traits import families
    from attncli.render.page.formats import write
    from attncli.views import families as view

    format_ = no_arrays(chosen_format(options), "a list of families")
    found = families(names)
    with opened(options["output"]) as output:
        shown = render_options(options)
        width = width_of(output) if format_ == "table" else None
        write(format_, view.page(found, shown, width), output, shown)
