"""Normalizations over the last axis. Weight and bias have its length; None leaves them out."""

from __future__ import annotations

import numpy as np

from attncli.formula.types import Array


def layer_norm(x: Array, weight: Array | None, bias: Array | None, eps: float) -> Array:
    """(x - mean) / √(variance + eps) · weight + bias (Ba et al. 2016)."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    y = centred / np.sqrt(variance + x.dtype.type(eps))
    if weight is not None:
        y = y * weight
    return y if bias is None else y + bias


def rms_norm(x: Array, weight: Array | None, bias: Array | None, eps: float) -> Array:
    """x / √(mean of squares + eps) · weight (Zhang and Sennrich 2019)."""
    mean_square = np.square(x).mean(axis=-1, keepdims=True)
    y = x / np.sqrt(mean_square + x.dtype.type(eps))
    if weight is not None:
        y = y * weight
    return y if bias is None else y + bias
