"""Dot products of positional encodings by distance, as bars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from attncli.insights.similarity import AtDistance
from attncli.language import N_
from attncli.render.page.blocks import Formula, Note
from attncli.render.page.figures import BarChart, Column
from attncli.render.page.numbers import number
from attncli.render.page.page import Block, Options, Page, Section
from attncli.render.page.records import Records
from attncli.version import __version__

LINES = 40
"""How many distances are shown, unless all are asked for."""
COLUMNS = (N_("distance"), N_("mean"), N_("smallest"), N_("largest"))


def page(formula: str, distances: Sequence[AtDistance], parameters: Mapping[str, Any], options: Options) -> Page:
    """A bar for each distance, as long as the mean over its pairs of positions. `formula` says what the products
    are, `parameters` how the encodings were made."""
    return Page(
        title="attn pe",
        head={"schema": "attn.similarity/1", "version": __version__, **parameters, "formula": formula},
        items="distances",
        sections=[
            Section(
                lambda: _blocks(formula, distances, options), Records([asdict(distance) for distance in distances])
            )
        ],
    )


def _blocks(formula: str, distances: Sequence[AtDistance], options: Options) -> Iterator[Block]:
    every = 1 if options.full else -(-len(distances) // LINES)
    shown = distances[::every]
    about = N_("by the distance of two positions; mean, smallest and largest over all pairs")
    yield Formula(formula, about)
    numbers = ([getattr(distance, field) for distance in shown] for field in ("mean", "smallest", "largest"))
    cells = [[str(distance.distance) for distance in shown]]
    cells += [[number(value, options.precision) for value in values] for values in numbers]
    columns = [Column(title, texts) for title, texts in zip(COLUMNS, cells, strict=True)]
    yield BarChart(columns, [distance.mean for distance in shown])
    if every > 1:
        yield Note(
            N_("one distance in {every}, of {count}; --full shows them all", every=every, count=len(distances))
        )
