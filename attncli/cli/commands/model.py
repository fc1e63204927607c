"""`attn model`: the description of a checkpoint."""

from __future__ import annotations

import click

from attncli.cli import completing
from attncli.cli.options import full_option, ignore_config_option, output_options
from attncli.cli.parameters import argument
from attncli.cli.parsing import Command
from attncli.cli.requests import typed_options
from attncli.language import N_
from attncli.model.request import Output


@click.command(
    "model",
    cls=Command,
    about=[
        N_("Describe a checkpoint: its sizes, its parts, its tensors, and the stages it offers."),
        N_(
            "Only config.json and the headers of the files are read. If attn cannot trace the checkpoint, it "
            "shows what the headers say, and the reason; the exit code is then 1."
        ),
    ],
    examples=[
        (N_("The model that comes with attn:"), "attn model story"),
        (N_("A folder:"), "attn model ./my-llama"),
        (N_("A GGUF file, as Markdown:"), "attn model model.Q4_K_M.gguf --format md"),
        (N_("The number of parameters of a model from the hub:"), "attn model gpt2 --json | jq .parameters"),
        (N_("The masks of the layers:"), "attn model ./x --json | jq '.stacks[].kinds[] | {layers, mask}'"),
    ],
)
@argument(
    "path",
    shell_complete=completing.models,
    help=N_(
        "A folder in Hugging Face layout, a name on the hub (gpt2), a .gguf file, a .safetensors or .npz file "
        "with one attention layer, or story, the model that comes with attn, whose card is shown as well."
    ),
)
@ignore_config_option
@output_options("model", full_option)
@typed_options
def command(path: str, ignore_config: tuple[str, ...], output: Output) -> None:
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
