"""The three experiments, or those that are asked for, on one text."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from attncli.formula.types import Array, Index
from attncli.insights.versus.models import Models
from attncli.insights.versus.order import Difference, differences, shuffle
from attncli.insights.versus.reach import Influence, influences
from attncli.insights.versus.sequential import Sequential, measure
from attncli.insights.versus.settings import EXPERIMENTS, LENGTHS


@dataclass(frozen=True, eq=False)
class Comparison:
    """What each experiment found; None for one that was not asked for. The shuffled text is tokens[shuffled]."""

    models: Models
    sequential: Sequential | None
    reach: tuple[Influence, ...] | None
    shuffled: Index | None
    order: tuple[Difference, ...] | None


def compare(
    models: Models,
    x: Array,
    ids: Sequence[int],
    seed: int,
    wanted: Collection[str] = EXPERIMENTS,
    lengths: Sequence[int] = LENGTHS,
    clock: Callable[[], float] = time.perf_counter,
    told: Callable[[float], None] = lambda fraction: None,
) -> Comparison:
    """The `wanted` experiments on word vectors `x` [position, d_model], float64, of the tokens `ids`; `lengths`
    grow. `told` hears which fraction of the work is done."""
    share = 1 / len(wanted)

    def part(name: str) -> Callable[[float], None]:
        before = sum(share for other in EXPERIMENTS[: EXPERIMENTS.index(name)] if other in wanted)
        return lambda fraction: told(before + share * fraction)

    shuffled = shuffle(ids, seed) if "order" in wanted else None
    return Comparison(
        models,
        measure(models, x, lengths, clock, part("sequential")) if "sequential" in wanted else None,
        influences(models, x, part("range")) if "range" in wanted else None,
        shuffled,
        None if shuffled is None else differences(models, x, shuffled, part("order")),
    )
