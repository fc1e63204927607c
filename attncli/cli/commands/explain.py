"""`attn explain`: a sentence, stage by stage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from attncli.cli import ahead
from attncli.cli.choosing import heads_of, layers_of, query_options, selection_of, top_of
from attncli.cli.options import (
    as_utf8,
    input_options,
    load,
    model_options,
    output_options,
    read_input,
    seeded_options,
    target_of,
    target_options,
    tokens_of,
)
from attncli.cli.warnings import count_broken, warn_of_broken, warn_of_bytes

if TYPE_CHECKING:
    from attncli.model.running import Model
    from attncli.text.tokens import Tokens
    from attncli.tracing.recording import Selection
    from attncli.tracing.stage import Stage

TOP = 5


@click.command(
    "explain",
    epilog="\b\nExamples:\n"
    '  attn explain "The cat sat on the mat"\n'
    '  attn explain "The cat sat on the mat" --query sat\n'
    '  attn explain "The cat sat on the mat" --query sat --key cat\n'
    '  attn explain "The cat sat on the mat" --query sat --stage weights\n'
    '  attn explain "猫がマットに座った。" --tokenizer chars --head all\n'
    '  attn explain "Hello" -m gpt2 --layer all --stage weights --json | jq ".stages[0].values"\n'
    '  attn explain "Hello" -m gpt2 --stage probs --query -1 --top 10\n'
    '  attn explain "Hello" -m ./my-llama --adapter ./my-lora --layer -1 --stage weights\n'
    '  attn explain "Hello" -m model.Q4_K_M.gguf --layer all --head all --stage all -o trace.npz\n'
    '  attn explain "The cat sat." --target "Die Katze" -m ./t5 --stage cross.weights\n'
    '  attn explain "The cat sat." --target "Die Katze" -m ./t5 --query Katze --attention cross',
)
@input_options
@target_options
@model_options
@click.option(
    "--layer", default=None, metavar="LAYERS", help="Layers to show: 0,2-3, -1 or all.  [default: 0; 1 of story]"
)
@click.option("--head", default="0", show_default=True, metavar="HEADS", help="Heads to show: 0,2-3, -1 or all.")
@click.option(
    "--stage",
    "stages",
    multiple=True,
    metavar="STAGE",
    help="A stage's name or a glob (weights, attn.q*, layers.1.resid.out, logits, all); repeatable. "
    "TransformerLens names work too.  [default: the attention, from embedding to output]",
)
@query_options
@seeded_options
@output_options
def command(**options: Any) -> None:
    """Show every number between SENTENCE and the attention output.

    Rows are queries (the token that attends), columns are keys (the token attended to). With --query one token is
    followed through the formula, each number from those above it. Give - as the SENTENCE to read standard input.
    """
    options = as_utf8(options)
    text, ids = read_input(options)
    prepared = ahead.begin(options, text)

    from attncli.cli import worked
    from attncli.cli.output import chosen_format, opened, render_options
    from attncli.cli.progress import Progress
    from attncli.model.running import check_tokens, run
    from attncli.render.page.formats import FORMATS, open_writer
    from attncli.tracing.trace import Trace
    from attncli.views import stages as view

    format_ = chosen_format(options)
    model = prepared(load(options))
    tokens = tokens_of(model, options, text, ids)
    target = target_of(model, options)
    model = model.bind(model, tokens)
    head = Trace(text=text, model=model.info, tokens=tokens, target=target, target_text=options["target"])
    check_tokens(model.spec, tokens, target)
    warn_of_bytes(model, tokens)
    example = worked.asked(model, tokens, target, options, format_)
    if example is not None:
        worked.show(model, head, example, options, format_)
        return
    selection = _selection(model, tokens, target, options)
    top = top_of(options["top"], None if FORMATS[format_].kind == "arrays" else TOP)
    broken: dict[str, tuple[int, int]] = {}
    with Progress() as progress, opened(options["output"]) as output:
        head, shown = replace(head, axes=_axes(selection)), render_options(options)
        writer = open_writer(format_, view.page(head, shown), output, shown)

        def show(stage: Stage) -> None:
            count_broken(stage.name, stage.values, broken)
            progress.hide()
            writer.section(view.section(stage, head, shown))

        run(model, tokens, selection, show, top, target, progress)
        progress.hide()
        writer.close()
    warn_of_broken(model, broken)


def _selection(model: Model, tokens: Tokens, target: Tokens | None, options: dict[str, Any]) -> Selection:
    """What the options ask for, of this model and these tokens."""
    from attncli.stages.selecting import attention_stages, select

    spec, unsaid = model.spec, options["layer"] is None
    layers = layers_of(spec, str(model.layer) if unsaid else options["layer"])
    stages = options["stages"]
    chosen = select(spec, stages, layers) if stages else attention_stages(spec, layers, embedding=unsaid)
    return selection_of(chosen, heads_of(spec, chosen, options["head"]), options["query"], tokens, target)


def _axes(selection: Selection) -> tuple[str, ...]:
    from attncli.stages import entry_of

    return tuple(dict.fromkeys(axis for name in selection.stages for axis in entry_of(name).axes))
