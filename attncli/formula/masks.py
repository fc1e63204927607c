"""Which keys a query may see, by their positions: `allowed(queries [query], keys [key])` -> bool [query, key]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.formula.parallel import PIECE, in_pieces
from attncli.formula.types import Array, Index

Allowed = Callable[[Index, Index], NDArray[np.bool_]]


def causal(queries: Index, keys: Index) -> NDArray[np.bool_]:
    """No query sees a later key."""
    seen: NDArray[np.bool_] = keys <= queries[:, None]
    return seen


def causal_window(size: int) -> Allowed:
    """The `size` last keys up to the query itself (Beltagy et al. 2020; Jiang et al. 2023)."""

    def allowed(queries: Index, keys: Index) -> NDArray[Any]:
        return causal(queries, keys) & (keys > queries[:, None] - size)

    return allowed


def window(size: int) -> Allowed:
    """Keys at most `size` positions away, before or after."""

    def allowed(queries: Index, keys: Index) -> NDArray[Any]:
        return np.abs(queries[:, None] - keys) <= size

    return allowed


def masked(scores: Array, allowed: Allowed, queries: Index, out: Array | None = None) -> Array:
    """The scores, and -inf for the keys that a query may not see. `scores` [..., query, key]; `queries` [query]
    holds the position of each row, so that any choice of rows can be masked. `out`, which may be `scores`, takes
    the result."""
    keys = np.arange(scores.shape[-1])
    out = np.empty_like(scores) if out is None else out
    if not np.may_share_memory(scores, out):
        in_pieces(lambda piece, into: np.copyto(into, piece), scores, out)
    step = max(1, PIECE // len(keys))
    for start in range(0, len(queries), step):
        block = slice(start, start + step)
        np.copyto(out[..., block, :], -np.inf, where=~allowed(queries[block], keys))  # [query, key]
    return out
