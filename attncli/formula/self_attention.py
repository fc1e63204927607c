"""Self-attention of one head with all its matrices: softmax(Q Kᵀ / √d) V W_O, with Q = X W_Q, K = X W_K, V = X W_V
(Vaswani et al. 2017, §3.2)."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from attncli.formula.attention import Steps, attention_in_slabs
from attncli.formula.masks import Allowed
from attncli.formula.types import Array, Index

SLAB = 1 << 22
"""How many scores are in memory at once, so that a long text fits."""


@dataclass(frozen=True, eq=False)
class Projections:
    """W_Q, W_K, W_V and W_O, each [d, d]."""

    w_q: Array
    w_k: Array
    w_v: Array
    w_o: Array


def self_attention(p: Projections, x: Array, allowed: Allowed | None = None) -> Array:
    """`x` [position, d] -> [position, d], in its dtype. `allowed` says which keys a query sees; None: all."""
    q, k, v = x @ p.w_q, x @ p.w_k, x @ p.w_v  # [position, d]
    step = max(1, SLAB // len(x))
    scores = np.empty((1, min(step, len(x)), len(x)), x.dtype)  # [head, query, key]
    slabs = (_Queries(np.arange(start, min(start + step, len(x))), scores) for start in range(0, len(x), step))
    mixed = attention_in_slabs(q[None], k[None], v[None], Steps(q.shape[-1] ** -0.5, allowed=allowed), slabs)
    return mixed[0] @ p.w_o


class _Queries(nullcontext[None]):
    """A slab of one head that keeps no stage: each overwrites the one before."""

    heads = (0,)

    def __init__(self, rows: Index, scores: Array) -> None:
        super().__init__()
        self.rows, self.scores = rows, scores

    @property
    def block(self) -> slice:
        return slice(int(self.rows[0]), int(self.rows[-1]) + 1)

    def stage(self, name: str, values: Array) -> Array:
        return values

    def room(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        return self.scores[:, : shape[1]]
