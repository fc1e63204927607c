"""Random word vectors."""

from __future__ import annotations

import numpy as np

from attncli.formula.types import Array


def words(n: int, d: int, seed: int = 0) -> Array:
    """Word vectors [n, d], float64."""
    return np.random.default_rng(seed).normal(size=(n, d))
