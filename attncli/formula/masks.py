"""Which keys a query may see, by their positions: `allowed(queries [query], keys [key])` -> bool [query, key]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.formula.parallel import in_pieces
from attncli.formula.types import Array, Index

Allowed = Callable[[Index, Index], NDArray[np.bool_]]


def causal(queries: Index, keys: Index) -> NDArray[np.bool_]:
    """No query sees a later key."""
    seen: NDArray[np.bool_] = keys <= queries[:, None]
    return seen


def causal_window(size: int) -> Allowed:
    """The last `size` keys, up to the query itself (Beltagy et al. 2020; Jiang et al. 2023)."""

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
    out = np.empty_like(scores) if out is None else out
    in_place = np.may_share_memory(scores, out)
    forbidden = ~allowed(queries, np.arange(scores.shape[-1]))  # [query, key]

    def mask(scores: Array, out: Array, forbidden: NDArray[np.bool_]) -> None:
        if not in_place:
            np.copyto(out, scores)
        np.copyto(out, -np.inf, where=forbidden)

    in_pieces(mask, scores, out, np.broadcast_to(forbidden, scores.shape))
    return out
