"""`attn stages`: the catalogue of stages."""

from __future__ import annotations

import click

from attncli.cli import completing
from attncli.cli.options import model_option, output_options
from attncli.cli.parameters import argument
from attncli.cli.parsing import Command
from attncli.cli.requests import typed_options
from attncli.language import N_
from attncli.model.request import Output


@click.command(
    "stages",
    cls=Command,
    about=[
        N_("List the stages: what each is called, its formula, its axes and its meaning."),
        N_(
            "With NAMEs, attn shows everything about those stages, and what TransformerLens, llama.cpp and "
            "transformers call them. A NAME may be one of these names too, or a glob. Without -m, the stages are "
            "those of every family that attn knows."
        ),
    ],
    examples=[
        (N_("All of them:"), "attn stages"),
        (N_("One, with its other names:"), "attn stages weights"),
        (N_("By the names of other tools:"), "attn stages 'attn.q*' kq_soft_max hook_resid_mid"),
        (N_("Those of a model:"), "attn stages -m ./my-llama q_proj"),
        (N_("For programs:"), "attn stages --json | jq -r '.stages[] | [.stage, .formula] | @tsv'"),
    ],
)
@argument("names", metavar="[NAME]...", nargs=-1, shell_complete=completing.stages, help=N_("Only these stages."))
@model_option
@output_options("stages")
@typed_options
def command(names: tuple[str, ...], model: str | None, output: Output) -> None:
    from attncli.cli.output import chosen_format, opened, render_options
    from attncli.model.loading import load
    from attncli.model.request import ModelSource
    from attncli.model.stage_descriptions import stage_descriptions
    from attncli.render.page.formats import write
    from attncli.views import stage_catalogue as view

    format_ = chosen_format(output, "stages")
    loaded = None if model is None else load(ModelSource(source=model))
    stages = stage_descriptions(names, loaded)
    with opened(output.path, output.pager) as stream:
        page = view.page(stages, None if loaded is None else loaded.name, bool(names))
        write(format_, page, stream, render_options(output))
