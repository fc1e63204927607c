"""The softmax: scores become shares that sum to 1."""

from __future__ import annotations

import numpy as np

from attncli.formula.parallel import in_pieces
from attncli.formula.types import Array

COLUMNS = 128
"""How many columns at a time are looked at for being masked."""


def softmax(x: Array, out: Array | None = None) -> Array:
    """e^x / Σ e^x over the last axis. Same shape and dtype. `out`, which may be `x`, takes the result.

    The maximum of each row is subtracted first, which changes nothing in the result and keeps e^x finite.
    """
    out = np.empty_like(x) if out is None else out
    in_pieces(_softmax, x, out)
    return out


def _softmax(x: Array, e: Array) -> None:
    """np.exp(x - x.max()) / np.exp(x - x.max()).sum(), over rows: `x` [..., column], written into `e`.

    The last columns of many rows are masked under a causal mask: those that are -inf in all rows of the piece are 0,
    and no exponential is taken of them.
    """
    starts = range(0, x.shape[-1], COLUMNS)
    largest = [x[..., start : start + COLUMNS].max(axis=-1, keepdims=True) for start in starts]
    highest = largest[0] if len(largest) == 1 else np.maximum.reduce(largest)
    if len(starts) > 1 and (highest > -np.inf).all():  # a row of -inf alone is NaN throughout, as by the formula
        while len(largest) > 1 and (largest[-1] == -np.inf).all():
            largest.pop()
        seen = len(largest) * COLUMNS
        e[..., seen:] = 0
        x, e = x[..., :seen], e[..., :seen]
    np.subtract(x, highest, out=e)
    np.exp(e, out=e)
    np.divide(e, e.sum(axis=-1, keepdims=True), out=e)
