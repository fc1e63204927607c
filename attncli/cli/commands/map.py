"""`attn map`: where heads attend, as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from attncli.cli.options import input_options, model_options, seeded_options, target_options
from attncli.cli.pictures import map_format, map_output_options
from attncli.cli.requests import typed_options
from attncli.insights.sorts import SORTS
from attncli.model.request import Request

if TYPE_CHECKING:
    from attncli.formula.pooling import How


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
@click.option("--layer", metavar="LAYERS", help="Layers: 0,2-3, -1 or all.  [default: all]")
@click.option(
    "--head",
    metavar="HEADS",
    help="Heads: 0,2-3, -1 or all; 2.1 is head 1 of layer 2, and '2.*' every head of it.  [default: all]",
)
@click.option(
    "--stage",
    "stages",
    multiple=True,
    metavar="STAGE",
    help="Stage to draw, with queries and keys (weights, scores, masked, cross.weights), or a glob; repeatable.  "
    "[default: the weights of every attention]",
)
@click.option("--query", metavar="TOKENS", help="Only these rows: 0-99, or a token's index or text.")
@click.option("--key", metavar="TOKENS", help="Only these columns: 0-99, or a token's index or text.")
@click.option(
    "--sort",
    type=click.Choice(SORTS),
    default="layer",
    show_default=True,
    help="Order of the heads: by layer; by how well they fit a pattern, best first; or by entropy, most focused "
    "first.",
)
@click.option(
    "--pool",
    type=click.Choice(["max", "mean"]),
    default="max",
    show_default=True,
    help="What a cell shows when it stands for several numbers: the one farthest from zero, or the mean.",
)
@seeded_options
@map_output_options
@typed_options
def command(request: Request, sort: str, pool: How) -> None:
    """Show where the heads of a model attend in SENTENCE: one head as a large map, many as a grid of small ones.

    Rows are queries (the token that attends), columns are keys (the token attended to). A head with a clear
    pattern is labelled with it: it attends to the previous token, to the first token, to itself, to the last
    identical token (same), or to the token after that one (induction). Maps that do not fit the window are pooled,
    and say so. Give - as the SENTENCE to read standard input.
    """
    from attncli.cli.tokenizer_process import tokenizing

    with tokenizing(request) as with_tokens:
        from attncli.cli.output import opened, render_options
        from attncli.cli.progress import Progress
        from attncli.cli.warnings import count_broken, note_bytes, warn_of_broken
        from attncli.insights.requested_maps import map_selection, maps_of, planned_maps
        from attncli.model.loading import load
        from attncli.model.pipeline import prepare
        from attncli.render.page.formats import fitted, open_writer
        from attncli.views import maps as view

        format_ = map_format(request.output)
        prepared = prepare(request, with_tokens(load(request.model)), "attn.map/1")
    selection = map_selection(prepared, sort)
    note_bytes(prepared)
    broken: dict[str, tuple[int, int]] = {}
    options, path = render_options(request.output), request.output.path
    planned = planned_maps(prepared, selection, pool)
    with (
        Progress(say=options.say) as progress,
        opened(path, request.output.pager, progress.end) as output,
    ):
        pooled = [
            view.pooled_by(section, sort, lambda maps: fitted(format_, maps, output, options))
            for section in planned
        ]
        finished = maps_of(
            prepared, selection, pooled, sort, progress,
            lambda name, values: count_broken(name, values, broken),
        )  # fmt: skip
        progress.hide()
        writer = open_writer(format_, view.page(prepared.head, planned, sort, options), output, options)
        for section in finished:
            writer.section(view.section(section, sort))
        writer.close()
    warn_of_broken(prepared, broken)
