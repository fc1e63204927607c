"""How alike the encodings of two positions are, by the distance between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attncli.formula.types import Array


@dataclass(frozen=True)
class AtDistance:
    """The dot products of all pairs of positions that are so far apart."""

    distance: int
    pairs: int
    mean: float
    smallest: float
    largest: float


def dot_products(encodings: Array) -> Array:
    """G = P Pᵀ: the product of every encoding with every other. `encodings` [position, d] -> float64 [position,
    position]."""
    exact = encodings.astype(np.float64)
    return exact @ exact.T


def by_distance(products: Array, positions: Sequence[int]) -> list[AtDistance]:
    """`products` [position, position] by the distance of their positions, nearest first.

    Of sinusoidal encodings and of rotary angles (Vaswani et al. 2017, §3.5; Su et al. 2021, §3.4.3) they depend on
    the distance alone: the smallest is the largest.
    """
    at = np.asarray(positions)
    query, key = np.tril_indices(len(at))
    apart = np.abs(at[query] - at[key])
    order = np.argsort(apart, kind="stable")
    distances, starts, pairs = np.unique(apart[order], return_index=True, return_counts=True)
    values = products[query, key][order]
    least, most = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    mean = np.add.reduceat(values, starts) / pairs
    return [
        AtDistance(int(d), int(n), float(a), float(s), float(m))
        for d, n, a, s, m in zip(distances, pairs, mean, least, most, strict=True)
    ]
