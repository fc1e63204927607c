"""Which numbers of a row are the largest."""

from __future__ import annotations

import numpy as np

from attncli.formula.types import Array, Index


def largest_first(x: Array, k: int) -> Index:
    """The indices of the k largest numbers of each row, largest first. `x` [row, n] -> [row, min(k, n)].

    Among equal numbers the first comes first; NaN comes last.
    """
    k = min(k, x.shape[-1])
    places = np.empty((len(x), k), dtype=np.intp)
    for row, negative in enumerate(-x):
        # sorting a whole vocabulary would be slow: only the numbers that may be among the first k are sorted
        candidates = np.flatnonzero(~(negative > np.partition(negative, k - 1)[k - 1]))
        places[row] = candidates[np.argsort(negative[candidates], kind="stable")[:k]]
    return places
