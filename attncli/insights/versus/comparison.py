"""All experiments, or some of them, on one text."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from attncli.formula.types import Array, Index
from attncli.insights.versus.influence import Influence, influences
from attncli.insights.versus.models import Models, Progress, silent
from attncli.insights.versus.order import Difference, differences, shuffle
from attncli.insights.versus.sequential import Sequential, measure
from attncli.insights.versus.settings import EXPERIMENTS, LENGTHS, Settings
from attncli.text.tokens import Tokens


@dataclass(frozen=True, eq=False)
class Comparison:
    """The results of each experiment; None for one that did not run. The shuffled text is tokens[shuffled].
    `tokens` and `settings`: what was compared, and how."""

    models: Models
    sequential: Sequential | None
    influences: tuple[Influence, ...] | None
    shuffled: Index | None
    differences: tuple[Difference, ...] | None
    tokens: Tokens | None = None
    settings: Settings | None = None

    def __repr__(self) -> str:
        """Comparison(d_model 64: sequential, influences, differences)"""
        results = [name for name in ("sequential", "influences", "differences") if getattr(self, name) is not None]
        return f"Comparison(d_model {self.models.d_model}: {', '.join(results)})"


def compare(
    models: Models,
    x: Array,
    ids: Sequence[int],
    seed: int,
    experiments: Collection[str] = EXPERIMENTS,
    lengths: Sequence[int] = LENGTHS,
    clock: Callable[[], float] = time.perf_counter,
    progress: Progress = silent,
) -> Comparison:
    """Runs the experiments that are named. `x` [position, d_model], float64, has the word vectors of the tokens
    `ids`; `lengths` are in ascending order; `progress` is called with the fraction of the work that is done."""
    share = 1 / len(experiments)

    def part(name: str) -> Progress:
        before = sum(share for other in EXPERIMENTS[: EXPERIMENTS.index(name)] if other in experiments)
        return lambda fraction: progress(before + share * fraction)

    shuffled = shuffle(ids, seed) if "order" in experiments else None
    return Comparison(
        models,
        measure(models, x, lengths, clock, part("sequential")) if "sequential" in experiments else None,
        influences(models, x, part("range")) if "range" in experiments else None,
        shuffled,
        None if shuffled is None else differences(models, x, shuffled, part("order")),
    )
