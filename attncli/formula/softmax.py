"""The softmax: scores become shares that sum to 1."""

from __future__ import annotations

import numpy as np

from attncli.formula.parallel import in_pieces
from attncli.formula.types import Array


def softmax(x: Array, out: Array | None = None) -> Array:
    """e^x / Σ e^x over the last axis. Same shape and dtype. `out`, which may be `x`, takes the result.

    The maximum of each row is subtracted first, which changes nothing in the result and keeps e^x finite.
    """
    out = np.empty_like(x) if out is None else out
    in_pieces(_softmax, x, out)
    return out


def _softmax(x: Array, e: Array) -> None:
    np.subtract(x, x.max(axis=-1, keepdims=True), out=e)
    np.exp(e, out=e)
    np.divide(e, e.sum(axis=-1, keepdims=True), out=e)
