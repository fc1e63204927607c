"""`attn explain`: a sentence, stage by stage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from attncli.cli import completing
from attncli.cli.options import (
    colors_option,
    full_option,
    input_options,
    model_options,
    output_options,
    precision_option,
    query_options,
    seeded_options,
    target_options,
)
from attncli.cli.parameters import SELECTION, option
from attncli.cli.parsing import Command
from attncli.cli.requests import typed_options
from attncli.cli.warnings import count_broken, note_bytes, warn_of_broken
from attncli.errors import AttnError
from attncli.language import N_
from attncli.model.request import Indices, Request

if TYPE_CHECKING:
    from attncli.insights.following import Followed
    from attncli.model.pipeline import Prepared
    from attncli.render.page.formats import Writer
    from attncli.tracing.selection import Selection
    from attncli.tracing.stage import Stage

TOP = 5
"""How many words of logits and probs are shown without --top."""


@click.command(
    "explain",
    cls=Command,
    section=SELECTION,
    about=[
        N_("Show every number between SENTENCE and the attention output."),
        N_(
            "Rows are queries (the token that attends), columns are keys (the token attended to). With --query, "
            "attn follows one token through the formula and computes each number from those above it."
        ),
    ],
    examples=[
        (N_("From the embedding to the attention output:"), 'attn explain "The cat sat on the mat"'),
        (N_("One token through the formula:"), 'attn explain "The cat sat on the mat" --query sat'),
        (N_("Every product of two vectors:"), 'attn explain "The cat sat on the mat" --query sat --key cat'),
        (N_("One stage only:"), 'attn explain "The cat sat on the mat" --stage weights'),
        (
            N_("Japanese, a character a token, with random weights:"),
            'attn explain "猫がマットに座った。" --seed 0 --tokenizer chars',
        ),
        (
            N_("All layers of a model from the hub, for programs:"),
            'attn explain "Hello" -m gpt2 --layer all --stage weights --json',
        ),
        (N_("The next word:"), 'attn explain "Hello" -m gpt2 --stage probs --query -1 --top 10'),
        (N_("A model with an adapter:"), 'attn explain "Hello" -m ./llama --adapter ./lora --layer -1'),
        (
            N_("Everything, into a file:"),
            'attn explain "Hello" -m x.gguf --layer all --head all --stage all -o all.npz',
        ),
        (
            N_("From a sentence to its translation:"),
            'attn explain "The cat." --target "Die Katze" -m ./t5 --stage cross.weights',
        ),
    ],
)
@input_options
@target_options
@model_options
@option(
    "--layer",
    metavar="LAYERS",
    shell_complete=completing.layers,
    help=N_("Layers to show: 0,2-3, -1 or all.  [default: 0; 1 for story]"),
)
@option(
    "--head",
    metavar="HEADS",
    shell_complete=completing.heads,
    help=N_(
        "Heads to show: 0,2-3, -1 or all; 2.1 is head 1 of layer 2, and '2.*' every head of it.  [default: 0]"
    ),
)
@option(
    "--stage",
    "stages",
    multiple=True,
    metavar="STAGE",
    shell_complete=completing.stages,
    help=N_(
        "Stage to show, by name or glob (weights, attn.q*, layers.1.resid.out, logits, all); repeatable. "
        "The names of other tools work too; attn stages lists them.  [default: the attention, from the input of "
        "the layer to its output]"
    ),
)
@query_options
@seeded_options
@output_options("explain", precision_option, full_option)
@colors_option
@typed_options
def command(request: Request) -> None:
    from attncli.cli.tokenizer_process import tokenizing

    with tokenizing(request) as with_tokens:
        from attncli.cli.output import chosen_format
        from attncli.model.loading import load
        from attncli.model.pipeline import prepare

        format_ = chosen_format(request.output, "explain")
        from attncli.model.heads import heads_asked

        scope = request.scope
        if scope.heads is None and heads_asked(scope) is None:
            request = replace(request, scope=replace(scope, heads="0"))
        prepared = prepare(request, with_tokens(load(request.model)))
    note_bytes(prepared)
    asked = _followed(prepared, format_)
    if asked is None:
        _show_stages(prepared, format_, scope.heads)
    else:
        _show_worked_example(prepared, asked, format_)


def _followed(prepared: Prepared, format_: str) -> Followed | None:
    """The query to follow; None if there is no query, or if it selects rows of stages. Raises UsageError for
    options that need a followed query."""
    from attncli.render.page.formats import FORMATS

    scope = prepared.request.scope
    if scope.queries is None:
        reason = N_("--{flag} needs --query, the token that attends.")
    elif scope.stages is not None:
        reason = N_("--{flag} is for the worked example, and --stage shows stages instead: leave it out.")
    elif format_ != "json" and FORMATS[format_].kind in ("data", "arrays"):  # these hold rows of stages
        reason = N_(
            "--{flag} is for the worked example, which comes as table, md, html, a picture or json, not as "
            "{format}."
        )
    else:
        from attncli.insights.following import followed

        return followed(prepared)
    for flag, asked in (("key", scope.keys), ("attention", scope.attention)):
        if asked is not None:
            from attncli.insights.following import not_followed

            raise not_followed(N_(reason.text, flag=flag, format=format_))
    return None


def _show_stages(prepared: Prepared, format_: str, heads: Indices | None) -> None:
    """Computes the selected stages, and writes each as soon as it is computed. `heads`: what --head asks for."""
    from attncli.cli.idle import refuse_idle_scope
    from attncli.cli.output import incomplete, is_file, opened, render_options
    from attncli.cli.progress import Progress
    from attncli.model.pipeline import run_selection, selection_in, top_of
    from attncli.render.page.formats import FORMATS, open_writer
    from attncli.views import stages as view

    output_ = prepared.request.output
    selection = selection_in(prepared)
    refuse_idle_scope(prepared, selection.stages, heads)
    top = top_of(prepared.request.scope.top, None if FORMATS[format_].kind == "arrays" else TOP)
    broken: dict[str, tuple[int, int]] = {}
    streams = FORMATS[format_].streams
    head, options = replace(prepared.head, axes=_axes(selection)), render_options(output_)
    with (
        Progress(say=options.say) as progress,
        opened(output_.path, output_.pager, progress.end, whole=not streams) as output,
    ):
        writer: Writer | None = None

        def show(stage: Stage) -> None:
            nonlocal writer
            count_broken(stage.name, stage.values, broken)
            progress.hide()
            if writer is None:  # not earlier: a model that cannot answer leaves nothing behind
                writer = open_writer(format_, view.page(head, options), output, options)
            writer.section(view.section(stage, head, options))

        try:
            run_selection(prepared, selection, show, top, progress)
        except AttnError as error:
            if writer is None or not streams or is_file(output_.path):
                raise
            raise incomplete(error) from error
        progress.hide()
        assert writer is not None  # a selection has a stage
        writer.close()
    warn_of_broken(prepared, broken)


def _show_worked_example(prepared: Prepared, asked: Followed, format_: str) -> None:
    """Computes the stages of the worked example, and writes it."""
    from attncli.cli.output import opened, render_options
    from attncli.cli.progress import Progress
    from attncli.insights.following import follow
    from attncli.render.page.formats import write
    from attncli.views import worked_example as view

    broken: dict[str, tuple[int, int]] = {}
    output_, top = prepared.request.output, prepared.request.scope.top
    options = render_options(output_)
    with (
        Progress(say=options.say) as progress,
        opened(output_.path, output_.pager, progress.end) as output,
    ):
        examples = follow(prepared, asked, lambda stage: count_broken(stage.name, stage.values, broken), progress)
        progress.hide()
        write(format_, view.page(prepared.head, examples, asked.key, top, options), output, options)
    warn_of_broken(prepared, broken)


def _axes(selection: Selection) -> tuple[str, ...]:
    from attncli.stages import entry_of

    return tuple(dict.fromkeys(axis for name in selection.stages for axis in entry_of(name).axes))
