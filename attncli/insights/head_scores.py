"""Scores of attention heads: how much each follows a known pattern, which one it clearly follows, its entropy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attncli.formula.types import Array, Index
from attncli.insights.patterns import PATTERNS

CLEAR = 0.5
"""How far a score must lie from that of uniform attention (0) to that of all attention (1)."""
LEAST = 0.25
"""The share of attention that the keys of a pattern must get."""
FEWEST = 2
"""The pairs of query and key that a pattern must have: a single one may be chance."""


@dataclass(frozen=True)
class Scores:
    """The scores of one head: for each of PATTERNS its mean weight (nan where no query has such a key), and the
    mean entropy of a query's weights, in bits.

    `mark` is the pattern that the head clearly follows, None where there is no such pattern. Heads attend to the
    first token when they have nothing to do (Xiao et al. 2023). So the weight there does not count against other
    patterns, and the pattern `first` is considered last."""

    kinds: dict[str, float]
    entropy: float
    mark: str | None


class Scorer:
    """Scores heads whose weights [head, query, key] come in slabs of some heads and queries, in any order."""

    def __init__(self, heads: int, ids: Sequence[int]) -> None:
        self.length = len(ids)
        self.pairs = [pairs(ids) for pairs in PATTERNS.values()]
        self.totals = np.zeros(
            (len(PATTERNS), heads)
        )  # the weight of the keys of a pattern, summed over its pairs
        self.resting = np.zeros((len(PATTERNS), heads))  # the weight of the same queries on the first token
        self.uniform = np.zeros(len(PATTERNS))  # both again, of a head whose attention is uniform
        self.uniform_resting = np.zeros(len(PATTERNS))
        self.counts = np.zeros(len(PATTERNS), dtype=int)
        self.bits, self.rows = np.zeros(heads), np.zeros(heads, dtype=int)

    def add(self, heads: Index, queries: Index, weights: Array, allowed: NDArray[np.bool_]) -> None:
        """Adds weights [head, query, key] of some heads and queries, each by its position, the queries in order.
        `allowed` [query, key] is False for masked keys."""
        keys = allowed.sum(axis=-1)  # how many each query may attend to
        for pattern, pairs in enumerate(self.pairs):
            if len(queries) < self.length:
                pairs = pairs[np.isin(pairs[:, 0], queries)]
            if not len(pairs):
                continue
            query, key = np.searchsorted(queries, pairs[:, 0]), pairs[:, 1]
            resting = query[(key > 0) & allowed[query, 0]]
            self.totals[pattern, heads] += weights[:, query, key].sum(axis=-1)
            self.resting[pattern, heads] += weights[:, resting, 0].sum(axis=-1)
            if heads[0] == 0:  # all heads have the same pairs
                self.uniform[pattern] += float((1 / keys[query]).sum())
                self.uniform_resting[pattern] += float((1 / keys[resting]).sum())
                self.counts[pattern] += len(pairs)
        self.bits[heads] += entropy(weights).sum(axis=-1)
        self.rows[heads] += len(queries)

    def result(self) -> list[Scores]:
        """The scores of each head."""
        with np.errstate(invalid="ignore"):
            means = (
                self.totals / self.counts[:, None]
            ).T.tolist()  # [head][pattern], nan where there are no pairs
        bits = (self.bits / np.maximum(self.rows, 1)).tolist()
        marks = self._marks()
        return [
            Scores(dict(zip(PATTERNS, scores, strict=True)), entropy, mark)
            for scores, entropy, mark in zip(means, bits, marks, strict=True)
        ]

    def _marks(self) -> list[str | None]:
        """For each head the pattern that it clearly follows: the clearest, the first token last of all."""
        counts = self.counts[:, None]
        awake = np.maximum(counts - self.resting, 1e-9)  # the attention that is not on the first token
        uniform = (self.uniform / np.maximum(self.counts - self.uniform_resting, 1e-9))[:, None]
        possible = (counts >= FEWEST) & (self.totals >= LEAST * counts) & (uniform < 1 - 1e-9)
        with np.errstate(divide="ignore", invalid="ignore"):
            clarity = np.where(possible, (self.totals / awake - uniform) / (1 - uniform), -np.inf)
        clarity[clarity < CLEAR] = -np.inf
        others = clarity.copy()
        others[list(PATTERNS).index("first")] = -np.inf
        best = np.where(np.isfinite(others.max(axis=0)), others.argmax(axis=0), clarity.argmax(axis=0))
        clear = np.isfinite(clarity.max(axis=0))
        names = list(PATTERNS)
        return [names[b] if c else None for b, c in zip(best.tolist(), clear.tolist(), strict=True)]


def entropy(weights: Array) -> Array:
    """-Σ a log₂ a over the last axis, in bits: 0 where all attention is on one key. [..., key] -> [...]"""
    logs = np.log2(np.where(weights > 0, weights, 1))
    return -np.einsum("...k,...k->...", weights, logs, dtype=np.float64)
