"""Normalizations over the last axis. Weight and bias have its length; None leaves them out."""

from __future__ import annotations

import numpy as np

from attncli.formula.parallel import in_pieces
from attncli.formula.types import Array


def layer_norm(x: Array, weight: Array | None, bias: Array | None, eps: float) -> Array:
    """(x - mean) / √(variance + eps) · weight + bias (Ba et al. 2016). Same shape and dtype."""
    return _normalized(x, weight, bias, eps, centered=True)


def rms_norm(x: Array, weight: Array | None, bias: Array | None, eps: float) -> Array:
    """x / √(mean of squares + eps) · weight + bias (Zhang and Sennrich 2019). Same shape and dtype."""
    return _normalized(x, weight, bias, eps, centered=False)


def _normalized(x: Array, weight: Array | None, bias: Array | None, eps: float, centered: bool) -> Array:
    """Both norms, each operation in place. Weight and bias may have an axis of heads as well."""
    y, small = np.empty_like(x), x.dtype.type(eps)
    affine = [np.broadcast_to(parameter, x.shape) for parameter in (weight, bias) if parameter is not None]

    def normalize(x: Array, y: Array, *affine: Array) -> None:
        if centered:
            np.subtract(x, x.mean(axis=-1, keepdims=True), out=y)
        else:
            np.copyto(y, x)
        np.divide(y, np.sqrt(np.square(y).mean(axis=-1, keepdims=True) + small), out=y)
        steps = iter(affine)
        if weight is not None:
            np.multiply(y, next(steps), out=y)
        if bias is not None:
            np.add(y, next(steps), out=y)

    in_pieces(normalize, x, y, *affine)
    return y
