"""The weights of the experts that a router chooses: from its logits [row, expert] to weights [row, expert], which
are 0 for the experts not chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attncli.formula.feed_forward import sigmoid
from attncli.formula.ranking import largest_first
from attncli.formula.softmax import softmax
from attncli.formula.types import Array


def is_largest(x: Array, k: int) -> NDArray[np.bool_]:
    """Whether a number is among the k largest of its row, as `largest_first` ranks them. [row, n], the same
    shape."""
    found = np.zeros(x.shape, bool)
    np.put_along_axis(found, largest_first(x, k), True, axis=-1)
    return found


def softmax_of_chosen(logits: Array, chosen: int) -> Array:
    """The softmax over the `chosen` largest logits (OpenAI 2025, the gpt-oss model card, §2.2)."""
    return softmax(np.where(is_largest(logits, chosen), logits, logits.dtype.type(-np.inf)))


def softmax_top(logits: Array, count: int) -> Array:
    """softmax(logits), keeping the `count` largest of each row as they are
    (Fedus et al. 2021, §2.1, for one expert; Yang et al. 2024, the Qwen2 report, §2.2.2, for some)."""
    probabilities = softmax(logits)
    return np.where(is_largest(probabilities, count), probabilities, probabilities.dtype.type(0))


def softmax_top_renormalized(logits: Array, count: int) -> Array:
    """The same, divided by their sum, which is the softmax over the `count` largest logits
    (Shazeer et al. 2017, §2.1; Jiang et al. 2024, §2.1)."""
    weights = softmax_top(logits, count)
    return weights / weights.sum(axis=-1, keepdims=True)


def in_best_groups(scores: Array, groups: int, kept: int, judged_by: int) -> NDArray[np.bool_]:
    """Whether an expert is in one of the `kept` best groups. Neighboring experts form a group; its score is the
    sum of its `judged_by` largest scores (DeepSeek-AI 2024, §2.2.2). [row, expert]."""
    grouped = scores.reshape(len(scores), groups, scores.shape[-1] // groups)  # [row, group, expert of the group]
    of_group = np.sort(grouped, axis=-1)[..., -judged_by:].sum(axis=-1)  # [row, group]
    return np.repeat(is_largest(of_group, kept), grouped.shape[-1], axis=-1)


def softmax_then_choose(logits: Array, chosen: int, factor: float, groups: int = 1, kept: int = 1) -> Array:
    """The largest of softmax(logits) among the best groups, times a factor
    (DeepSeek-AI 2024, §2.1.2 and §2.2.2)."""
    scores = softmax(logits)
    scores = np.where(in_best_groups(scores, groups, kept, judged_by=1), scores, scores.dtype.type(0))
    return np.where(is_largest(scores, chosen), scores, scores.dtype.type(0)) * scores.dtype.type(factor)


def sigmoid_then_choose(
    logits: Array, bias: Array, chosen: int, factor: float, groups: int, kept: int, normalized: bool
) -> Array:
    """The sigmoid of each logit. A bias for each expert takes part in the choice, but not in the weights; if
    normalized, the weights sum to the factor (DeepSeek-AI 2024, V3, §2.1.2)."""
    scores = sigmoid(logits)
    biased = scores + bias
    biased = np.where(in_best_groups(biased, groups, kept, judged_by=2), biased, biased.dtype.type(-np.inf))
    weights = np.where(is_largest(biased, chosen), scores, scores.dtype.type(0))
    if normalized:
        weights = weights / (weights.sum(axis=-1, keepdims=True) + weights.dtype.type(1e-20))
    return weights * weights.dtype.type(factor)
