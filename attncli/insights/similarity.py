"""How similar the encodings of two positions are, by the distance between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attncli.formula.types import Array


@dataclass(frozen=True)
class AtDistance:
    """The dot products of all pairs of positions with this distance."""

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
    """`products` [position, position] by the distance between their positions, in ascending order.

    For sinusoidal encodings and rotary angles (Vaswani et al. 2017, §3.5; Su et al. 2021, §3.4.3) they depend on
    the distance alone, so the smallest equals the largest.
    """
    all_positions = np.asarray(positions)
    query, key = np.tril_indices(len(all_positions))
    distance = np.abs(all_positions[query] - all_positions[key])  # [pair]
    order = np.argsort(distance, kind="stable")
    distances, starts, pairs = np.unique(distance[order], return_index=True, return_counts=True)
    values = products[query, key][order]
    smallest, largest = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    mean = np.add.reduceat(values, starts) / pairs
    return [
        AtDistance(int(d), int(n), float(average), float(low), float(high))
        for d, n, average, low, high in zip(distances, pairs, mean, smallest, largest, strict=True)
    ]
