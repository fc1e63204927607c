"""What a head does, where it is clear: scores of heads whose weights come in parts, and the mark of one kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attncli.formula.types import Array
from attncli.insights.heads import KINDS, score

CLEAR, LEAST, FEWEST = 0.5, 0.25, 2
"""When a kind is clear: how far the score must lie between that of a head which looks at all it may alike, 0, and
1; the weight that it must have at least; and the pairs of query and key, since one alone may be chance."""


@dataclass(frozen=True)
class Scores:
    """Of one head: for each of KINDS its score (nan where no query has such a key), and the mean entropy of a
    query's weights in bits."""

    kinds: dict[str, float]
    entropy: float
    mark: str | None
    """The kind that is clear, if one is. Heads rest on the first token when they find nothing to do (Xiao et al.
    2023), so that the weight there does not count against the others, and says the least of a head."""


class Scorer:
    """Scores heads whose weights [head, query, key] come in parts of some heads and queries, in any order."""

    def __init__(self, heads: int, ids: Sequence[int]) -> None:
        self.pairs = {kind: pairs(ids) for kind, pairs in KINDS.items()}
        self.totals = {kind: np.zeros(heads) for kind in KINDS}
        self.resting = {kind: np.zeros(heads) for kind in KINDS}  # the weight of these queries on the first token
        self.even = dict.fromkeys(KINDS, 0.0)  # what a head that looks at all alike would have
        self.even_resting = dict.fromkeys(KINDS, 0.0)
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
            rests = here[(here[:, 1] > 0) & allowed[here[:, 0], 0], 0]
            self.totals[kind][heads] += score(weights, here) * len(here)
            self.resting[kind][heads] += weights[:, rests, 0].sum(axis=-1)
            if heads[0] == 0:  # all heads have the same pairs
                self.even[kind] += float((1 / seen[here[:, 0]]).sum())
                self.even_resting[kind] += float((1 / seen[rests]).sum())
                self.counts[kind] += len(here)
        self.bits[heads] += entropy(weights).sum(axis=-1)
        self.rows[heads] += len(queries)

    def result(self) -> list[Scores]:
        return [self._of(head) for head in range(len(self.rows))]

    def _of(self, head: int) -> Scores:
        kinds = {k: self.totals[k][head] / n if (n := self.counts[k]) else np.nan for k in KINDS}
        return Scores(
            {kind: float(value) for kind, value in kinds.items()},
            float(self.bits[head] / max(self.rows[head], 1)),
            self._mark(head),
        )

    def _mark(self, head: int) -> str | None:
        clear = {}
        for kind, count in self.counts.items():
            total, awake = self.totals[kind][head], count - self.resting[kind][head]
            even = self.even[kind] / max(count - self.even_resting[kind], 1e-9)
            if count >= FEWEST and total >= LEAST * count and even < 1 - 1e-9:
                clear[kind] = (total / max(awake, 1e-9) - even) / (1 - even)
        best = max(clear, key=lambda kind: (clear[kind] >= CLEAR, kind != "first", clear[kind]), default=None)
        return best if best is not None and clear[best] >= CLEAR else None


def entropy(weights: Array) -> Array:
    """-Σ a log2 a over the last axis, in bits: 0 where all of the weight is on one key. [..., key] -> [...]."""
    logs = np.log2(np.where(weights > 0, weights, 1))
    return -np.einsum("...k,...k->...", weights, logs, dtype=np.float64)
