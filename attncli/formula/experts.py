"""Which experts a token goes to, and how much each of them counts: from the router's logits [row, expert] to
weights of the same shape, 0 where an expert is not chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attncli.formula.attention import softmax
from attncli.formula.types import Array


def among_largest(x: Array, count: int) -> NDArray[np.bool_]:
    """Whether each number is among the `count` largest of its row; of equal ones the first. Same shape."""
    order = np.argsort(-x, axis=-1, kind="stable")[..., :count]
    chosen = np.zeros(x.shape, np.bool_)
    np.put_along_axis(chosen, order, True, axis=-1)
    return chosen


def softmax_top(logits: Array, count: int) -> Array:
    """softmax(logits), of which the `count` largest of each row are kept as they are
    (Fedus et al. 2021, §2.1, for one expert; Yang et al. 2024, the Qwen2 report, §2.2.2, for some)."""
    probabilities = softmax(logits)
    return np.where(among_largest(probabilities, count), probabilities, probabilities.dtype.type(0))


def softmax_top_renormalized(logits: Array, count: int) -> Array:
    """The same, made to sum to 1 again, which is the softmax of the `count` largest logits
    (Shazeer et al. 2017, §2.1; Jiang et al. 2024, §2.1)."""
    weights = softmax_top(logits, count)
    return weights / weights.sum(axis=-1, keepdims=True)
