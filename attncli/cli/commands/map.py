"""`attn map`: a layer, or a model, as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from attncli.cli import ahead
from attncli.cli.options import (
    as_utf8,
    input_options,
    load,
    model_options,
    read_input,
    seeded_options,
    target_of,
    target_options,
    tokens_of,
)
from attncli.cli.pictures import map_format, map_output_options
from attncli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attncli.insights.mapping import KeysOf
    from attncli.model.running import Model
    from attncli.text.tokens import Tokens
    from attncli.tracing.recording import Selection
    from attncli.tracing.trace import Trace

SORTS = ("layer", "previous", "first", "self", "same", "induction", "entropy")


@click.command(
    "map",
    epilog="\b\nExamples:\n"
    '  attn map "Peter Rabbit ran to the garden. Then Peter Rabbit ran"\n'
    '  attn map "The cat sat on the mat" --layer 1 --head 0\n'
    '  attn map "The cat sat on the mat" -m gpt2 --sort induction\n'
    '  attn map "The cat sat on the mat" -m gpt2 --layer 4 -o layer.svg\n'
    "  attn map --file chapter.txt --truncate --layer 1 --head 0 --query 0-99 --key 0-99\n"
    '  attn map "The cat sat." --target "Die Katze" -m ./t5 --stage cross.weights -o map.html\n'
    '  attn map "The cat sat" --json | jq ".sections[].maps[] | {layer, head, mark}"',
)
@input_options
@target_options
@model_options
@click.option("--layer", default="all", show_default=True, metavar="LAYERS", help="Layers: 0,2-3, -1 or all.")
@click.option("--head", default="all", show_default=True, metavar="HEADS", help="Heads: 0,2-3, -1 or all.")
@click.option(
    "--stage",
    "stages",
    multiple=True,
    metavar="STAGE",
    help="A stage with queries and keys (weights, scores, masked, cross.weights), or a glob; repeatable.  "
    "[default: the weights of every attention]",
)
@click.option("--query", metavar="TOKENS", help="Only these rows: 0-99, or a token's index or text.")
@click.option("--key", metavar="TOKENS", help="Only these columns, likewise.")
@click.option(
    "--sort",
    type=click.Choice(SORTS),
    default="layer",
    show_default=True,
    help="Order of the heads: by layer; by their attention to a kind of token, the most first; or by entropy, the "
    "lowest first.",
)
@click.option(
    "--pool",
    type=click.Choice(["max", "mean"]),
    default="max",
    show_default=True,
    help="What a cell shows that stands for several numbers: the one farthest from zero (of weights, the largest), "
    "or the mean.",
)
@seeded_options
@map_output_options
def command(**options: Any) -> None:
    """Show where the heads of a model attend in SENTENCE: one head as a large map, many as a grid of small ones.

    Rows are queries (the token that attends), columns are keys (the token attended to). A head is labelled by what
    it does where that is clear: it attends to the previous token, the first one, itself, the last identical one,
    or (induction) the token after that. Maps larger than the window are pooled, and say so. Give - as the
    SENTENCE to read standard input.
    """
    options = as_utf8(options)
    text, ids = read_input(options)
    prepared = ahead.begin(options, text)

    from attncli.cli.output import opened
    from attncli.cli.progress import Progress
    from attncli.cli.warnings import count_broken, warn_of_broken, warn_of_bytes
    from attncli.insights.mapping import compute_maps, plan_maps
    from attncli.model.input import check_tokens
    from attncli.render.page.formats import fitted, open_writer
    from attncli.render.page.page import Options
    from attncli.text.language import language
    from attncli.tracing.trace import Trace
    from attncli.views import maps as view

    format_ = map_format(options)
    model = prepared(load(options))
    tokens = tokens_of(model, options, text, ids)
    target = target_of(model, options)
    model = model.bind(model, tokens)
    selection = _selection(model, tokens, target, options)
    check_tokens(model.spec, tokens, target)
    warn_of_bytes(model, tokens)
    head = Trace(
        text=text, model=model.info, tokens=tokens, target=target, target_text=options["target"],
        schema="attn.map/1",
    )  # fmt: skip
    broken: dict[str, tuple[int, int]] = {}
    sort, shown = options["sort"], Options(full=options["full"], say=language(options["lang"]))
    planned = plan_maps(model.spec, head, selection, _keys(head, options["key"]), options["pool"])
    with Progress() as progress, opened(options["output"]) as output:
        pooled = [
            view.pooled_by(section, sort, lambda maps: fitted(format_, maps, output, shown)) for section in planned
        ]
        sections = compute_maps(
            model, tokens, target, selection, pooled, progress,
            lambda name, values: count_broken(name, values, broken),
        )  # fmt: skip
        progress.hide()
        writer = open_writer(format_, view.page(head, planned, sort, shown), output, shown)
        for section in sections:
            writer.section(view.section(section, sort))
        writer.close()
    warn_of_broken(model, broken)


def _selection(model: Model, tokens: Tokens, target: Tokens | None, options: dict[str, Any]) -> Selection:
    """What the options ask for, of this model and these tokens."""
    from attncli.cli.choosing import heads_of, layers_of, selection_of
    from attncli.insights.mapping import map_stages
    from attncli.stages import relative

    spec, sort = model.spec, options["sort"]
    stages = map_stages(spec, options["stages"], layers_of(spec, options["layer"]))
    if sort != "layer" and not any(relative(name) == "attn.weights" for name in stages):
        raise UsageError(
            f"--sort {sort} is by a layer's own attention weights, which are not asked for.",
            "Take --stage attn.weights, or leave --sort out.",
        )
    return selection_of(stages, heads_of(spec, stages, options["head"]), options["query"], tokens, target)


def _keys(head: Trace, text: str | None) -> KeysOf:
    """Which keys --key means, of the tokens along the keys of a stage."""

    def chosen(name: str, tokens: Tokens | None) -> Sequence[int] | None:
        from attncli.cli.choosing import positions_of

        if text is None or tokens is None:
            return None
        side = "" if head.target is None else "source" if tokens is head.tokens else "target"
        return positions_of(text, tokens, "key", side)

    return chosen
