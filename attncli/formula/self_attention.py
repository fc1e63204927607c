"""Self-attention of one head with all its matrices: softmax(Q Kᵀ / √d) V W_O, with Q = X W_Q, K = X W_K, V = X W_V
(Vaswani et al. 2017, §3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from attncli.formula.attention import Steps, attend
from attncli.formula.masks import Allowed, masked
from attncli.formula.types import Array

SLAB = 1 << 22
"""How many scores are held at once, that a long text stays within memory."""


@dataclass(frozen=True, eq=False)
class Projections:
    """W_Q, W_K, W_V and W_O, each [d, d]."""

    w_q: Array
    w_k: Array
    w_v: Array
    w_o: Array


def self_attention(p: Projections, x: Array, allowed: Allowed | None = None) -> Array:
    """`x` [position, d] -> [position, d], of its dtype. `allowed` says which keys a query sees; None: all."""
    q, k, v = x @ p.w_q, x @ p.w_k, x @ p.w_v  # [position, d]
    mixed = np.empty_like(v)
    step = max(1, SLAB // len(x))
    room = np.empty((1, min(step, len(x)), len(x)), x.dtype)  # [head, query, key]
    for start in range(0, len(x), step):
        rows = np.arange(start, min(start + step, len(x)))
        mask = None if allowed is None else partial(masked, allowed=allowed, queries=rows)
        mixed[rows] = attend(
            q[None, rows], k[None], v[None], q.shape[-1] ** -0.5, Steps(mask=mask),
            tap=lambda stage, values: values,
            room=lambda stage, shape, dtype: room[:, : shape[1]],  # every stage over the one before
        )[0]  # fmt: skip
    return mixed @ p.w_o
