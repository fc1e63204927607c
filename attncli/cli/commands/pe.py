"""`attn pe`: positional encodings, as numbers or maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from attncli.cli import completing
from attncli.cli.options import colors_option, full_option, output_options, precision_option
from attncli.cli.parameters import option
from attncli.cli.parsing import Command
from attncli.cli.pictures import format_or_map
from attncli.cli.requests import typed_options
from attncli.insights.encoding_request import ENCODINGS, EncodingRequest
from attncli.language import N_
from attncli.model.request import Output

if TYPE_CHECKING:
    from attncli.tracing.trace import Trace


@click.command(
    "pe",
    cls=Command,
    formerly={"--kind": "--positions", "--position": "--at", "--d-model": "--dim"},
    section=N_("Encoding"),
    about=[
        N_("Show positional encodings."),
        N_(
            "Sinusoidal (Vaswani et al. 2017, §3.5), rotary angles with their cosine and sine (Su et al. 2021), "
            "ALiBi slopes and biases (Press et al. 2021), or a checkpoint's own: its table, learned or "
            "computed, or the angles of its first layer."
        ),
    ],
    examples=[
        (N_("Sines and cosines, as in the paper:"), "attn pe --dim 64"),
        (N_("At some positions:"), "attn pe --dim 8 --at 5-9"),
        (N_("Rotary angles:"), "attn pe --positions rotary --dim 64 --length 4"),
        (N_("The biases of ALiBi:"), "attn pe --positions alibi --heads 8 --length 6"),
        (N_("Those of a model, as CSV:"), "attn pe --model gpt2 --at 0-3 --format csv"),
        (N_("As a map:"), "attn pe --dim 64 --length 100 --map"),
        (N_("How alike two positions are:"), "attn pe --dim 64 --length 100 --similarity"),
        (N_("The same of a model, as a picture:"), "attn pe --model gpt2 --similarity --map -o gpt2.png"),
    ],
)
@option("--dim", type=int, metavar="N", help=N_("Size of the encoding (rotary: of a head).  [default: 64]"))
@option("--length", type=int, metavar="N", help=N_("Number of positions, from 0.  [default: 16]"))
@option("--at", "position", metavar="POSITIONS", help=N_("Only these positions: 3, or 5-9, or 0,5-9."))
@option("--base", type=float, metavar="NUMBER", help=N_("Base of the wavelengths.  [default: 10000]"))
@option(
    "--positions",
    "kind",
    metavar="ENCODING",
    type=click.Choice(ENCODINGS),
    show_default="sinusoidal",
    help=N_("Which encoding."),
)
@option("--heads", type=int, metavar="N", help=N_("ALiBi: number of heads.  [default: 8]"))
@option(
    "-m",
    "--model",
    metavar="MODEL",
    shell_complete=completing.models,
    help=N_("Show the encodings of this model, named as in attn explain."),
)
@option("--map", "as_map", is_flag=True, help=N_("Draw the numbers as a map."))
@option(
    "--similarity",
    is_flag=True,
    help=N_("Show the dot products of the encodings by distance; with --map, of every pair."),
)
@output_options("pe", precision_option, full_option, more=("text",))
@colors_option
@typed_options
def command(
    output: Output,
    dim: int | None,
    length: int | None,
    position: str | None,
    base: float | None,
    kind: str | None,
    heads: int | None,
    model: str | None,
    as_map: bool,
    similarity: bool,
) -> None:
    from attncli.insights.requested_encodings import encodings_of
    from attncli.model.loading import load_model

    format_, as_map = format_or_map(output, as_map, "pe")
    asked = EncodingRequest(kind, dim, length, position, base, heads)
    trace = encodings_of(asked, None if model is None else load_model(model))
    if as_map:
        _write_maps(format_, trace, similarity, output)
    elif similarity:
        _write_similarity(format_, trace, output)
    else:
        _write_numbers(format_, trace, output)


def _write_numbers(format_: str, trace: Trace, output: Output) -> None:
    from dataclasses import replace

    from attncli.cli.output import opened, render_options
    from attncli.render.page.formats import write
    from attncli.views import stages as view

    axes = tuple(dict.fromkeys(axis for stage in trace.values() for axis in stage.axes))
    head, options = replace(trace, stages={}, axes=axes), render_options(output)
    with opened(output.path, output.pager) as stream:
        write(format_, view.page(head, options, trace.values()), stream, options)


def _write_maps(format_: str, trace: Trace, similarity: bool, output: Output) -> None:
    """Each stage as a map, or one map of the dot products."""
    from dataclasses import replace

    from attncli.cli.output import opened, render_options
    from attncli.insights.encodings import of_pairs, planned_map, pooled_map
    from attncli.render.page.formats import FORMATS, fitted, open_writer
    from attncli.views import maps as view

    stages = list(trace.values())
    mapped = [of_pairs(stages)] if similarity else [stage for stage in stages if len(stage.axes) > 1]
    planned = [planned_map(stage) for stage in mapped]
    head, options = replace(trace, schema="attn.map/1", stages={}), render_options(output)
    with opened(output.path, output.pager) as stream:
        writer = open_writer(format_, view.page(head, planned, "layer", options), stream, options)
        for stage, section in zip(mapped, planned, strict=True):
            pooled = view.pooled_by(section, "layer", lambda maps: fitted(format_, maps, stream, options))
            apart = FORMATS[format_].kind in ("words", "picture")  # for people
            writer.section(view.section(pooled_map(pooled, stage, apart), "layer"))
        writer.close()


def _write_similarity(format_: str, trace: Trace, output: Output) -> None:
    """The dot products, a record for each distance."""
    from attncli.cli.output import opened, render_options
    from attncli.insights.requested_encodings import similarities_of
    from attncli.render.page.formats import write
    from attncli.views import similarity as view

    formula, distances = similarities_of(trace)
    options = render_options(output)
    with opened(output.path, output.pager) as stream:
        write(format_, view.page(formula, distances, trace.parameters, options), stream, options)
