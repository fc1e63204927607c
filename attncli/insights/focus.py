"""Where one head looks: its largest weights, how its attention is shared out, and how even it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attncli.formula.types import Array, Index
from attncli.insights.head_scores import entropy

TOP = 5
"""How many of the largest weights are named."""
SINK = 1e-4
"""What rows of weights may miss of 1 by rounding; where they miss more, the rest went to a sink."""


@dataclass(frozen=True)
class Pair:
    """A query, a key, their tokens as the tokenizer gives them, and the weight between them."""

    query: int
    query_token: str
    key: int
    key_token: str
    weight: float


@dataclass(frozen=True)
class Shares:
    """What share of its attention a head gives to each kind of key, on average over queries; they sum to 1.

    `first`: the first token. `itself` and `previous`: the query's own token and the one before, unless that is the
    first; None for cross-attention. `elsewhere`: all other tokens. `sink`: no token at all, in models with an
    attention sink. In self-attention the first query is left aside: it may have no other key."""

    first: float
    itself: float | None
    previous: float | None
    elsewhere: float
    sink: float


@dataclass(frozen=True)
class Focus:
    """Where one head looks, over `queries` queries. `top` are its largest weights, the largest first, of queries
    that may attend to several keys. `entropy` is the mean over queries of -Σ a log₂ a, in bits; `most` the mean of
    log₂ n for the n keys that each may attend to: the entropy of attention that is even. `shares` is None where
    the first query of self-attention is the only one."""

    queries: int
    top: tuple[Pair, ...]
    entropy: float
    most: float
    shares: Shares | None


class FocusFinder:
    """Finds the focus of a head whose weights [query, key] come in slabs of some queries, in order. `key_tokens`
    are the tokens that it attends to; `itself`: they are those of the queries too (self-attention)."""

    def __init__(self, query_tokens: Sequence[str], key_tokens: Sequence[str], itself: bool) -> None:
        self.query_tokens, self.key_tokens, self.itself = query_tokens, key_tokens, itself
        self.pairs: list[Pair] = []
        self.bits = self.most = 0.0
        self.rows = self.shared_rows = 0
        self.sums = np.zeros(4)  # of the weights on the first token, itself, the previous one, and all

    def add(self, queries: Index, weights: Array, allowed: NDArray[np.bool_]) -> None:
        """Adds the weights [query, key] of some queries. `allowed` [query, key] is False for masked keys."""
        keys = allowed.sum(axis=-1)
        self.rows += len(queries)
        self.bits += float(entropy(weights).sum())
        self.most += float(np.log2(np.maximum(keys, 1)).sum())
        self.pairs = sorted(self.pairs + self._largest(queries, weights, keys > 1), key=_order)
        del self.pairs[TOP:]
        shared = queries > 0 if self.itself else np.ones(len(queries), dtype=bool)
        at, weights = queries[shared], weights[shared].astype(np.float64)
        rows, before = np.arange(len(at)), at > 1
        self.shared_rows += len(at)
        self.sums[0] += weights[:, 0].sum()
        if self.itself:
            self.sums[1] += weights[rows, at].sum()
            self.sums[2] += weights[rows[before], at[before] - 1].sum()
        self.sums[3] += weights.sum()

    def _largest(self, queries: Index, weights: Array, choosing: NDArray[np.bool_]) -> list[Pair]:
        """The largest weights of the queries that have a choice; what is masked or not a number is left out."""
        known = np.where(choosing[:, None] & (weights > 0), weights, 0).ravel()
        least = np.partition(known, -min(TOP, len(known)))[-min(TOP, len(known))]
        candidates = np.flatnonzero((known >= least) & (known > 0))
        largest = candidates[np.argsort(-known[candidates], kind="stable")[:TOP]]
        rows, keys = np.divmod(largest, weights.shape[1])
        return [
            Pair(query, self.query_tokens[query], key, self.key_tokens[key], weight)
            for query, key, weight in zip(
                queries[rows].tolist(), keys.tolist(), known[largest].tolist(), strict=True
            )
        ]

    def result(self) -> Focus:
        rows = max(self.rows, 1)
        return Focus(self.rows, tuple(self.pairs), self.bits / rows, self.most / rows, self._shares())

    def _shares(self) -> Shares | None:
        if not self.shared_rows:
            return None
        first, itself, previous, total = (self.sums / self.shared_rows).tolist()
        sink = 1 - total if 1 - total > SINK else 0.0
        elsewhere = max(1 - sink - first - itself - previous, 0.0)  # a rounded sum may be just below zero
        if not self.itself:
            return Shares(first, None, None, elsewhere, sink)
        return Shares(first, itself, previous, elsewhere, sink)


def _order(pair: Pair) -> tuple[float, int, int]:
    """The largest weight first; of equal ones that of the first query, then of the first key."""
    return -pair.weight, pair.query, pair.key
