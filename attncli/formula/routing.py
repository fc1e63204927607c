"""Which experts a token is sent to, and with what weights: from the router's logits [row, expert] to the weights
[row, expert], 0 where an expert is not chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attncli.formula.attention import softmax
from attncli.formula.feed_forward import sigmoid
from attncli.formula.types import Array


def largest(x: Array, k: int) -> NDArray[np.bool_]:
    """Whether a number is among the k largest of its row; of equals the first. Same shape."""
    found = np.zeros(x.shape, bool)
    np.put_along_axis(found, np.argsort(-x, axis=-1, kind="stable")[..., :k], True, axis=-1)
    return found


def softmax_of_chosen(logits: Array, chosen: int) -> Array:
    """The softmax of the largest logits, the others left out (OpenAI 2025, the gpt-oss model card, §2.2)."""
    return softmax(np.where(largest(logits, chosen), logits, logits.dtype.type(-np.inf)))


def in_best_groups(scores: Array, groups: int, kept: int, judged_by: int) -> NDArray[np.bool_]:
    """Whether an expert is in one of the groups that are kept: neighbours are a group, which is as good as the sum
    of its `judged_by` largest scores (DeepSeek-AI 2024, §2.2.2)."""
    grouped = scores.reshape(len(scores), groups, -1)  # [row, group, expert of the group]
    of_group = np.sort(grouped, axis=-1)[..., -judged_by:].sum(axis=-1)  # [row, group]
    return np.repeat(largest(of_group, kept), grouped.shape[-1], axis=-1)


def softmax_then_choose(logits: Array, chosen: int, factor: float, groups: int = 1, kept: int = 1) -> Array:
    """The largest of the softmax, in the groups with the largest one, as they are, times a factor
    (DeepSeek-AI 2024, §2.1.2 and §2.2.2)."""
    scores = softmax(logits)
    scores = np.where(in_best_groups(scores, groups, kept, judged_by=1), scores, scores.dtype.type(0))
    return np.where(largest(scores, chosen), scores, scores.dtype.type(0)) * scores.dtype.type(factor)


def sigmoid_then_choose(
    logits: Array, bias: Array, chosen: int, factor: float, groups: int, kept: int, normalized: bool
) -> Array:
    """The sigmoid of each logit; the choice, among groups and in them, is made with a bias for each expert that
    the weights do not have. They sum to the factor where normalized (DeepSeek-AI 2024, V3, §2.1.2)."""
    scores = sigmoid(logits)
    biased = scores + bias
    biased = np.where(in_best_groups(biased, groups, kept, judged_by=2), biased, biased.dtype.type(-np.inf))
    weights = np.where(largest(biased, chosen), scores, scores.dtype.type(0))
    if normalized:
        weights = weights / (weights.sum(axis=-1, keepdims=True) + weights.dtype.type(1e-20))
    return weights * weights.dtype.type(factor)
