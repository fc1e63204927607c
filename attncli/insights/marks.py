"""What a head does, where it is clear: scores of heads whose weights come in parts, and the mark of one kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attncli.formula.types import Array
from attncli.insights.heads import KINDS, score

CLEAR = 0.5
"""How far a score must lie between that of a head which looks at all it may alike, 0, and a perfect one, 1."""
FEWEST = 2
"""Pairs of query and key that a kind needs: one alone may be chance."""


@dataclass(frozen=True)
class Scores:
    """Of one head: for each of KINDS its score (nan where no query has such a key), and the mean entropy of a
    query's weights in bits."""

    kinds: dict[str, float]
    entropy: float
    mark: str | None
    """The kind that is clear, if one is."""


class Scorer:
    """Scores heads whose weights [head, query, key] come in parts of some heads and queries, in any order."""

    def __init__(self, heads: int, ids: Sequence[int]) -> None:
        self.pairs = {kind: pairs(ids) for kind, pairs in KINDS.items()}
        self.totals = {kind: np.zeros(heads) for kind in KINDS}
        self.even = dict.fromkeys(KINDS, 0.0)  # what a head that looks at all alike would have
        self.counts = dict.fromkeys(KINDS, 0)
        self.bits, self.rows = np.zeros(heads), np.zeros(heads, dtype=int)

    def add(
        self, heads: NDArray[np.intp], queries: NDArray[np.intp], weights: Array, allowed: NDArray[np.bool_]
    ) -> None:
        """Some heads (by their place) and queries (in order), and the keys that each may see [query, key]."""
        seen = allowed.sum(axis=-1)  # [query]
        for kind, pairs in self.pairs.items():
            here = pairs[np.isin(pairs[:, 0], queries)]
            if not len(here):
                continue
            here = np.stack([np.searchsorted(queries, here[:, 0]), here[:, 1]], axis=1)
            self.totals[kind][heads] += score(weights, here) * len(here)
            if heads[0] == 0:  # all heads have the same pairs
                self.even[kind] += float((1 / seen[here[:, 0]]).sum())
                self.counts[kind] += len(here)
        self.bits[heads] += entropy(weights).sum(axis=-1)
        self.rows[heads] += len(queries)

    def result(self) -> list[Scores]:
        return [self._of(head) for head in range(len(self.rows))]

    def _of(self, head: int) -> Scores:
        kinds = {k: self.totals[k][head] / n if (n := self.counts[k]) else np.nan for k in KINDS}
        clear = {
            kind: (kinds[kind] - even) / (1 - even)
            for kind, count in self.counts.items()
            if count >= FEWEST and (even := self.even[kind] / count) < 1
        }
        best = max(clear, key=lambda kind: clear[kind], default=None)
        return Scores(
            {kind: float(value) for kind, value in kinds.items()},
            float(self.bits[head] / max(self.rows[head], 1)),
            best if best is not None and clear[best] >= CLEAR else None,
        )


def entropy(weights: Array) -> Array:
    """-Σ a log2 a over the last axis, in bits: 0 where all of the weight is on one key. [..., key] -> [...]."""
    logs = np.log2(np.where(weights > 0, weights, 1))
    return -np.einsum("...k,...k->...", weights, logs, dtype=np.float64)
