"""`attn map`: where heads attend, as pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING

import click

from attncli.cli import completing
from attncli.cli.options import input_options, model_options, seeded_options, target_options
from attncli.cli.parameters import SELECTION, option
from attncli.cli.parsing import Command
from attncli.cli.pictures import map_format, map_output_options
from attncli.cli.requests import typed_options
from attncli.errors import UsageError
from attncli.insights.sorts import OVERVIEW_SCORES, SORTS
from attncli.language import N_
from attncli.model.request import Request

if TYPE_CHECKING:
    from attncli.formula.pooling import How
    from attncli.insights.maps import MapSection
    from attncli.render.page.maps import HeadMaps
    from attncli.render.page.page import Options
    from attncli.tracing.trace import Trace


@click.command(
    "map",
    cls=Command,
    section=SELECTION,
    about=[
        N_(
            "Show where the heads of a model attend in SENTENCE: one head as a large map, many as a grid of small "
            "ones."
        ),
        N_(
            "Rows are queries (the token that attends), columns are keys (the token attended to). A head with a "
            "clear pattern is labelled with it: it attends to the previous token, to the first token, to "
            "itself, to the last identical token (same), or to the token after that one (induction). Maps that "
            "do not fit the window are pooled, and say so."
        ),
    ],
    examples=[
        (
            N_("All heads of the model that comes with attn:"),
            'attn map "Peter Rabbit ran to the garden. Then Peter Rabbit ran"',
        ),
        (N_("One head, large:"), 'attn map "The cat sat on the mat" --layer 1 --head 0'),
        (N_("The heads that repeat what came before:"), 'attn map "The cat sat" -m gpt2 --sort induction'),
        (N_("Every head as one cell:"), 'attn map "The cat sat on the mat" -m gpt2 --overview'),
        (N_("A picture of a layer:"), 'attn map "The cat sat on the mat" -m gpt2 --layer 4 -o layer.svg'),
        (N_("The first tokens of a long text:"), "attn map --file a.txt --truncate --query 0-99 --key 0-99"),
        (
            N_("From a sentence to its translation:"),
            'attn map "The cat." --target "Die Katze" -m ./t5 --stage cross.weights',
        ),
        (N_("For programs:"), "attn map \"The cat sat\" --json | jq '.sections[].maps[].mark'"),
    ],
)
@input_options
@target_options
@model_options
@option(
    "--layer",
    metavar="LAYERS",
    shell_complete=completing.layers,
    help=N_("Layers: 0,2-3, -1 or all.  [default: all]"),
)
@option(
    "--head",
    metavar="HEADS",
    shell_complete=completing.heads,
    help=N_("Heads: 0,2-3, -1 or all; 2.1 is head 1 of layer 2, and '2.*' every head of it.  [default: all]"),
)
@option(
    "--stage",
    "stages",
    multiple=True,
    metavar="STAGE",
    shell_complete=completing.stages,
    help=N_(
        "Stage to draw, with queries and keys (weights, scores, masked, cross.weights), or a glob; repeatable.  "
        "[default: the weights of every attention]"
    ),
)
@option("--query", metavar="TOKENS", help=N_("Only these rows: 0-99, or a token's index or text."))
@option("--key", metavar="TOKENS", help=N_("Only these columns: 0-99, or a token's index or text."))
@option(
    "--sort",
    type=click.Choice(SORTS),
    default="layer",
    show_default=True,
    help=N_(
        "Order of the heads: by layer; by how well they fit a pattern, best first; or by entropy, most focused "
        "first."
    ),
)
@option(
    "--pool",
    type=click.Choice(["max", "mean"]),
    default="max",
    show_default=True,
    help=N_("What a cell shows when it stands for several numbers: the one farthest from zero, or the mean."),
)
@option("--overview", is_flag=True, help=N_("Show every head as one cell: rows are layers, columns are heads."))
@option(
    "--score",
    type=click.Choice(OVERVIEW_SCORES),
    help=N_(
        "What --overview shows of a head: how well it fits its clearest pattern or one pattern, or its entropy. "
        " [default: pattern]"
    ),
)
@seeded_options
@map_output_options
@typed_options
def command(request: Request, sort: str, pool: How, overview: bool, score: str | None) -> None:
    from attncli.cli.tokenizer_process import tokenizing

    _check(overview, score, sort, pool)
    with tokenizing(request) as with_tokens:
        from functools import partial

        from attncli.cli.idle import refuse_idle_scope
        from attncli.cli.output import opened, render_options
        from attncli.cli.progress import Progress
        from attncli.cli.warnings import count_broken, note_bytes, warn_of_broken
        from attncli.insights.requested_maps import (
            map_selection,
            maps_of,
            overview_selection,
            planned_maps,
            pooled_to,
        )
        from attncli.model.loading import load
        from attncli.model.pipeline import prepare
        from attncli.render.page.formats import fitted, open_writer
        from attncli.views import maps as view

        format_ = map_format(request.output)
        schema = "attn.overview/1" if overview else "attn.map/1"
        prepared = prepare(request, with_tokens(load(request.model)), schema)
    selection = overview_selection(prepared) if overview else map_selection(prepared, sort)
    refuse_idle_scope(prepared, selection.stages, None)
    note_bytes(prepared)
    broken: dict[str, tuple[int, int]] = {}
    options, path = render_options(request.output), request.output.path
    planned = planned_maps(prepared, selection, pool)
    with (
        Progress(say=options.say) as progress,
        opened(path, request.output.pager, progress.end) as output,
    ):
        fitting = partial(fitted, format_, output=output, options=options)
        pooled = (
            pooled_to(planned, 1) if overview else [view.pooled_by(section, sort, fitting) for section in planned]
        )
        finished = maps_of(
            prepared, selection, pooled, sort, progress,
            lambda name, values: count_broken(name, values, broken),
        )  # fmt: skip
        progress.hide()
        if overview:
            _write_overview(format_, prepared.head, finished, score or "pattern", fitting, output, options)
        else:
            writer = open_writer(format_, view.page(prepared.head, planned, sort, options), output, options)
            for section in finished:
                writer.section(view.section(section, sort))
            writer.close()
    warn_of_broken(prepared, broken)


def _check(overview: bool, score: str | None, sort: str, pool: How) -> None:
    """Raises UsageError for options that would have no effect."""
    if score is not None and not overview:
        raise UsageError(
            N_("--score {score} says what --overview shows.", score=score),
            N_("Add --overview, or use --sort {score} for the order of the maps.", score=score),
        )
    unused = [name for name, given in (("--sort", sort != "layer"), ("--pool", pool != "max")) if given]
    if overview and unused:
        raise UsageError(N_("{option} does not go with --overview.", option=unused[0]))


def _write_overview(
    format_: str,
    head: Trace,
    sections: Sequence[MapSection],
    score: str,
    fitting: Callable[[HeadMaps], HeadMaps],
    output: IO[bytes],
    options: Options,
) -> None:
    from attncli.insights.overview import overviews
    from attncli.render.page.formats import write
    from attncli.views import overview as view

    write(format_, view.page(head, overviews(sections, score), score, options, fitting), output, options)
