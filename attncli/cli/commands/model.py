"""`attn model`: the description of a checkpoint."""

from __future__ import annotations

import click

from attncli.cli.options import full_option, ignore_config_option, output_options
from attncli.cli.parsing import Command
from attncli.cli.requests import typed_options
from attncli.model.request import Output


@click.command(
    "model",
    cls=Command,
    epilog="\b\nExamples:\n"
    "  attn model story\n"
    "  attn model ./my-llama\n"
    "  attn model gpt2 --json | jq .parameters\n"
    "  attn model ./my-llama --json | jq '.stacks[].kinds[] | {layers, mask}'\n"
    "  attn model model.Q4_K_M.gguf --format md",
)
@click.argument("path")
@ignore_config_option
@output_options("model", full_option)
@typed_options
def command(path: str, ignore_config: tuple[str, ...], output: Output) -> None:
    """Describe a checkpoint: its sizes, its parts, its tensors, and the stages it offers.

    PATH is a folder in Hugging Face layout, a name on the hub (gpt2), a .gguf file, a .safetensors/.npz file
    with one attention layer, or story, the model that comes with attn, whose card is shown as well. Only
    config.json and the headers of the files are read. If attn cannot trace the checkpoint, it shows what the
    headers say, and the reason; the exit status is then 1.
    """
    from attncli.cli.output import chosen_format, opened, render_options
    from attncli.model.describing import describe
    from attncli.render.page.formats import write
    from attncli.views import model as view

    format_ = chosen_format(output, "model")
    description, options = describe(path, ignore_config), render_options(output)
    with opened(output.path, output.pager) as stream:
        write(format_, view.page(description, options), stream, options)
    if description.refusal is not None:
        raise description.refusal
