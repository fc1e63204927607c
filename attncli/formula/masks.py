"""Which keys a query may see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attncli.formula.types import Array


def no_mask(scores: Array, queries: NDArray[np.intp]) -> Array:
    """Every query sees every key."""
    return scores


def causal_mask(scores: Array, queries: NDArray[np.intp]) -> Array:
    """-inf where the key comes after the query. `scores` [..., query, key]; `queries` [query] holds
    the position of each row, so that any choice of rows can be masked."""
    future = np.arange(scores.shape[-1]) > queries[:, None]  # [query, key]
    return np.where(future, scores.dtype.type(-np.inf), scores)
