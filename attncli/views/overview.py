"""Every head of a model in one picture: `attn map --overview`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from attncli.formula.pooling import Side, pooled
from attncli.insights.overview import HeadScore, Overview
from attncli.language import N_
from attncli.render.page.maps import HeadMap, HeadMaps
from attncli.render.page.page import Arrays, Options, Page, Record, Section
from attncli.tracing.trace import Trace, head_object
from attncli.views.maps import MARKING, PATTERNS, legend_of
from attncli.views.subject import opening

LETTERS = {"previous": "p", "first": "f", "self": "s", "same": "=", "induction": "i"}
"""What stands in the cell of a head that clearly follows a pattern."""
Fitting = Callable[[HeadMaps], HeadMaps]
MEANINGS = PATTERNS | {
    "pattern": N_("how much each head attends as its clearest pattern says, from 0 to 1"),
    "entropy": N_("how evenly each head attends, in bits: 0 is all on one key"),
}


def page(
    head: Trace, overviews: Sequence[Overview], score: str, options: Options, fitting: Fitting = lambda maps: maps
) -> Page:
    """The page of some overviews. `head` is the trace without its stages; `fitting` pools the sides of maps to
    what the medium has room for."""
    return Page(
        title=head.text or "attn map",
        head=head_object(head) | {"score": score},
        items="sections",
        opening=lambda: opening(head, options.say),
        sections=[_section(overview, fitting) for overview in overviews],
    )


def _section(overview: Overview, fitting: Fitting) -> Section:
    return Section(lambda: [_fitted(overview_map(overview), fitting)], OverviewData(overview))


# ------------------------------------------------------------------ for people


def overview_map(overview: Overview) -> HeadMaps:
    """A map whose rows are layers and whose columns are heads."""
    values = overview.values
    names = {pattern: f"{letter} {pattern}" for pattern, letter in LETTERS.items()}
    legend = tuple(legend_of([head.matrix for head in overview.heads], names))
    largest = float(np.nanmax(values)) if overview.score == "entropy" else 1.0
    sizes = {"layers": len(overview.layers), "heads": len(overview.numbers)}
    last = {"layer": overview.layers[-1], "head": overview.numbers[-1]}
    return HeadMaps(
        name=overview.name,
        shape=N_(
            "[layer {layers} × head {heads}]  row {layer}, column {head}: head {layer}.{head}", **sizes, **last
        ),
        rows=Side("layer", overview.layers),
        columns=Side("head", overview.numbers),
        maps=(HeadMap(overview.name, overview.name, values, words=_letters(overview)),),
        limits=(0.0, largest or 1.0),
        signed=False,
        formula=overview.score,
        meaning=MEANINGS[overview.score],
        legend=legend,
        marking=MARKING if legend else "",
    )


def _fitted(block: HeadMaps, fitting: Fitting) -> HeadMaps:
    """The map with its numbers pooled to what there is room for, the largest of each cell."""
    sides = fitting(block)
    steps = sides.rows.step, sides.columns.step
    if steps == (1, 1):
        return sides
    (head,) = block.maps
    text = N_("pooled: each cell is the largest of {rows} × {columns} numbers", rows=steps[0], columns=steps[1])
    return replace(sides, maps=(replace(head, values=pooled(head.values, steps), words=()),), pooling=text)


def _letters(overview: Overview) -> list[list[str]]:
    """The letter of each head's pattern, where it clearly follows one."""
    letters = [["" for _ in overview.numbers] for _ in overview.layers]
    for head, (row, column) in overview.cells():
        if head.scores.mark is not None:
            letters[row][column] = LETTERS[head.scores.mark]
    return letters


# ------------------------------------------------------------------ for programs


@dataclass(frozen=True, eq=False)
class OverviewData:
    """The data of a section. JSON as in attncli/schemas/overview-1.json. CSV has a row for each head, arrays are
    [layer, head]."""

    overview: Overview

    def objects(self) -> Iterable[Record]:
        return [{"name": self.overview.name, "heads": [_facts(head) for head in self.overview.heads]}]

    def facts(self) -> Iterable[Record]:
        return self.objects()

    def rows(self) -> Iterator[Record]:
        for head in self.overview.heads:
            facts = _facts(head)
            yield {key: value for key, value in facts.items() if key != "scores"} | facts["scores"]

    def arrays(self) -> Arrays:
        return {self.overview.name: self.overview.values}


def _facts(head: HeadScore) -> dict[str, Any]:
    layer, number = head.place
    scores = head.scores
    return {
        "stage": head.matrix.stage,
        "layer": layer,
        "head": number,
        "mark": scores.mark,
        "pattern": head.pattern,
        "value": head.value,
        "scores": scores.kinds | {"entropy": scores.entropy},
    }
