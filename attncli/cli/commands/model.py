"""`attn model`: what a checkpoint is."""

from __future__ import annotations

import click

from attncli.cli.options import ignore_config_option, output_options
from attncli.cli.requests import typed_options
from attncli.model.request import Output


@click.command(
    "model",
    epilog="\b\nExamples:\n"
    "  attn model story\n"
    "  attn model ./my-llama\n"
    "  attn model gpt2 --json | jq .parameters\n"
    "  attn model ./my-llama --json | jq '.stacks[].kinds[] | {layers, mask}'\n"
    "  attn model model.Q4_K_M.gguf --format md",
)
@click.argument("path")
@ignore_config_option
@output_options()
@typed_options
def command(path: str, ignore_config: tuple[str, ...], output: Output) -> None:
    """Show what a checkpoint is: its sizes, its parts, its tensors, and the stages it offers.

    PATH is a folder in Hugging Face layout, a name on the hub (gpt2), a .gguf file, a .safetensors/.npz file
    with one attention layer, or story, the model that comes with attn, whose card is shown as well. Only
    config.json and the headers of the files are read. If attn cannot trace the checkpoint, it shows what the
    headers say and the reason, and the exit status is 1.
    """
    from attncli.cli.output import chosen_format, no_arrays, opened, render_options
    from attncli.model.describing import describe
    from attncli.render.description import document, facts, leaves
    from attncli.render.document import encode
    from attncli.render.prose import write_prose
    from attncli.render.records import write_records
    from attncli.render.words import write_words

    format_ = no_arrays(chosen_format(output), "a description")
    described, options = describe(path, ignore_config), render_options(output)
    with opened(output.path) as stream:
        if format_ in ("json", "ndjson"):
            stream.write(encode(document(described)) + b"\n")
        elif format_ == "csv":
            write_records(format_, {}, "facts", list(leaves(document(described))), stream, options)
        else:
            write_words(format_, facts(described, output.full), stream, options, header=False)
            if described.card is not None:
                write_prose(format_, described.card.read_text("utf-8"), stream, options)
    if described.refusal is not None:
        raise described.refusal
