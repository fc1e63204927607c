"""`attn pe`: positional encodings as numbers."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from attncli.cli.options import FORMATS, output_options
from attncli.cli.pictures import PICTURES, format_or_map
from attncli.errors import UsageError

if TYPE_CHECKING:
    from attncli.tracing.stage import Stage

LARGEST = 1 << 16
KINDS = ("sinusoidal", "rotary", "alibi")


@click.command(
    "pe",
    epilog="\b\nExamples:\n"
    "  attn pe --dim 64\n"
    "  attn pe --dim 8 --position 5-9\n"
    "  attn pe --kind rotary --dim 64 --length 4\n"
    "  attn pe --kind alibi --heads 8 --length 6\n"
    "  attn pe --model gpt2 --position 0-3 --format csv\n"
    "  attn pe --dim 64 --length 100 --map\n"
    "  attn pe --dim 64 --length 100 --similarity\n"
    "  attn pe --model gpt2 --length 1024 --similarity --map -o gpt2.png",
)
@click.option("--dim", type=int, metavar="N", help="Size of the encoding (rotary: of a head).  [default: 64]")
@click.option("--length", type=int, metavar="N", help="How many positions, from 0.  [default: 16]")
@click.option("--position", metavar="POSITIONS", help="Only these positions: 3, or 5-9, or 0,5-9.")
@click.option("--base", type=float, metavar="NUMBER", help="The base of the wavelengths.  [default: 10000]")
@click.option("--kind", type=click.Choice(KINDS), help="Which encoding.  [default: sinusoidal]")
@click.option("--heads", type=int, metavar="N", help="ALiBi: how many heads.  [default: 8]")
@click.option("-m", "--model", metavar="MODEL", help="A checkpoint's own, named as for attn explain.")
@click.option("--map", "as_map", is_flag=True, help="Draw the numbers as a map.")
@click.option(
    "--similarity", is_flag=True, help="The dot products of the encodings, by distance; with --map, of every pair."
)
@partial(output_options, formats=(*FORMATS, *PICTURES))
def command(**options: Any) -> None:
    """Show positional encodings.

    Sinusoidal (Vaswani et al. 2017, §3.5), rotary angles with their cosine and sine (Su et al. 2021), ALiBi
    slopes and biases (Press et al. 2021), or what a checkpoint has: its table, learned or computed, or the angles
    of its first layer.
    """
    format_, as_map = format_or_map(options)
    parameters, stages = _of_model(options) if options["model"] is not None else _of_formula(options)
    if as_map:
        _write_maps(format_, options, parameters, stages)
    elif options["similarity"]:
        _write_similarity(format_, options, parameters, stages)
    else:
        _write_numbers(format_, options, parameters, stages)


def _write_numbers(format_: str, options: dict[str, Any], parameters: dict[str, Any], stages: list[Stage]) -> None:
    from attncli.cli.output import opened, render_options
    from attncli.render.page.formats import write
    from attncli.tracing.trace import Trace
    from attncli.views import stages as view

    axes = tuple(dict.fromkeys(a for stage in stages for a in stage.axes))
    head = Trace(schema="attn.pe/1", parameters=parameters, axes=axes)
    with opened(options["output"]) as output:
        shown = render_options(options)
        write(format_, view.page(head, shown, stages), output, shown)


def _write_maps(format_: str, options: dict[str, Any], parameters: dict[str, Any], stages: list[Stage]) -> None:
    """Each stage as a map, or one map of the dot products."""
    from attncli.cli.output import opened, render_options
    from attncli.insights.encodings import of_pairs, planned_map, pooled_map
    from attncli.render.page.formats import fitted, open_writer
    from attncli.tracing.trace import Trace
    from attncli.views import maps as view

    mapped = [of_pairs(stages)] if options["similarity"] else [stage for stage in stages if len(stage.axes) > 1]
    planned = [planned_map(stage) for stage in mapped]
    head, shown = Trace(schema="attn.map/1", parameters=parameters), render_options(options)
    with opened(options["output"]) as output:
        writer = open_writer(format_, view.page(head, planned, "layer", shown), output, shown)
        for stage, section in zip(mapped, planned, strict=True):
            pooled = view.pooled_by(section, "layer", lambda maps: fitted(format_, maps, output, shown))
            writer.section(view.section(pooled_map(pooled, stage), "layer"))
        writer.close()


def _write_similarity(
    format_: str, options: dict[str, Any], parameters: dict[str, Any], stages: list[Stage]
) -> None:
    """The dot products by distance, a record each."""
    from attncli.cli.output import opened, render_options
    from attncli.insights.encodings import vectors
    from attncli.insights.similarity import by_distance, dot_products
    from attncli.render.page.formats import write
    from attncli.views import similarity as view

    encodings, formula = vectors(stages)
    found = by_distance(dot_products(encodings), parameters["positions"])
    with opened(options["output"]) as output:
        shown = render_options(options)
        write(format_, view.page(formula, found, parameters, shown), output, shown)


def _of_formula(options: dict[str, Any]) -> tuple[dict[str, Any], list[Stage]]:
    from attncli.insights import encodings

    kind = options["kind"] or "sinusoidal"
    positions = _positions(options, None)
    if kind == "alibi":
        _refuse(options, ("dim", "base"), "ALiBi has slopes by head")
        heads = _within("--heads", options["heads"], 8, 1024)
        return {"kind": kind, "heads": heads, "positions": positions}, encodings.alibi(heads, positions)
    _refuse(options, ("heads",), f"{kind} encodings are the same for every head")
    dim = _within("--dim", options["dim"], 64, LARGEST)
    if dim % 2:
        raise UsageError(
            f"--dim {dim} is odd: sine and cosine come in pairs.", f"Take --dim {dim - 1 or 2} or {dim + 1}."
        )
    base = 10000.0 if options["base"] is None else options["base"]
    if not 1 < base < 1e30:
        raise UsageError(f"--base {base:g}: a number above 1 is needed.")
    made = (encodings.sinusoidal if kind == "sinusoidal" else encodings.rotary)(dim, base, positions)
    return {"kind": kind, "dim": dim, "base": base, "positions": positions}, made


def _of_model(options: dict[str, Any]) -> tuple[dict[str, Any], list[Stage]]:
    """A checkpoint's own positions: the learned table, or the rotary angles with its scaling."""
    from attncli.insights import encodings
    from attncli.model.loading import load_model

    _refuse(options, ("dim", "base", "kind", "heads"), "a model has its own")
    model = load_model(options["model"])
    limit = model.spec.max_positions
    positions = _positions(options, limit)
    facts = {"kind": model.spec.positions, "model": model.name, "positions": positions}
    return facts, encodings.of_model(model, positions)


def _refuse(options: dict[str, Any], names: tuple[str, ...], because: str) -> None:
    for name in names:
        if options[name] is not None:
            raise UsageError(f"--{name} does not apply: {because}.")


def _within(flag: str, value: int | None, default: int, largest: int) -> int:
    if value is None:
        return default
    if not 1 <= value <= largest:
        raise UsageError(f"{flag} {value} is out of range: 1 to {largest}.")
    return value


def _positions(options: dict[str, Any], limit: int | None) -> list[int]:
    """The positions asked for, below the model's limit."""
    from attncli.cli.options import indices

    largest = (1 << 20) if limit is None else limit
    if options["position"] is None:
        return list(range(_within("--length", options["length"], min(16, largest), largest)))
    if options["length"] is not None:
        raise UsageError("--length and --position are both given: one of them says which positions.")
    if limit is None and (options["position"] == "all" or re.search(r"(^|[,-])\s*-", options["position"])):
        raise UsageError(
            f"--position {options['position']}: a formula has no last position.",
            "Give positions from 0, as in --position 3 or --position 5-9.",
        )
    return list(indices(options["position"], largest, "position"))
