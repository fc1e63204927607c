"""Which experts a token is sent to, and with what weights: from the router's logits [row, expert] to the weights
[row, expert], 0 where an expert is not chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attncli.formula.attention import softmax
from attncli.formula.types import Array


def largest(x: Array, k: int) -> NDArray[np.bool_]:
    """Whether a number is among the k largest of its row; of equals the first. Same shape."""
    found = np.zeros(x.shape, bool)
    np.put_along_axis(found, np.argsort(-x, axis=-1, kind="stable")[..., :k], True, axis=-1)
    return found


def softmax_of_chosen(logits: Array, chosen: int) -> Array:
    """The softmax of the largest logits, the others left out (OpenAI 2025, the gpt-oss model card, §2.2)."""
    return softmax(np.where(largest(logits, chosen), logits, logits.dtype.type(-np.inf)))
