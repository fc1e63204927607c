"""Scaled dot-product attention (Vaswani et al. 2017, §3.2.1), stage by stage.

Attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncli.formula.types import Array

Tap = Callable[[str, Array], Array]
Step = Callable[[Array], Array]


def attend(query: Array, key: Array, value: Array, scale: float, bias: Step | None, mask: Step, tap: Tap) -> Array:
    """One slab of heads and queries, from Q, K, V to the weighted sum of the values.

    `query` [head, query, d_head], `key` [head, key, d_head], `value` [head, key, d_value].
    `bias` adds to the scaled scores, `mask` sets those that are not allowed to -inf.
    """
    scores = tap("attn.scores", query @ key.swapaxes(-1, -2))  # [head, query, key]
    scaled = tap("attn.scaled", scores * scores.dtype.type(scale))  # [head, query, key]
    if bias is not None:
        scaled = tap("attn.biased", bias(scaled))  # [head, query, key]
    masked = tap("attn.masked", mask(scaled))  # [head, query, key]
    weights = tap("attn.weights", softmax(masked))  # [head, query, key]
    return tap("attn.mixed", weights @ value)  # [head, query, d_value]


def softmax(x: Array) -> Array:
    """e^x / Σ e^x over the last axis; the row's maximum is taken off first, which changes nothing
    in the result and keeps e^x finite. Same shape and dtype."""
    e = np.subtract(x, x.max(axis=-1, keepdims=True))
    np.exp(e, out=e)
    e /= e.sum(axis=-1, keepdims=True)
    return e


def split_heads(x: Array, heads: int) -> Array:
    """[position, heads * d_head] -> [head, position, d_head]."""
    return x.reshape(len(x), heads, -1).swapaxes(0, 1)


def merge_heads(x: Array) -> Array:
    """[head, position, d_head] -> [position, heads * d_head], the heads side by side."""
    return x.swapaxes(0, 1).reshape(x.shape[1], -1)


def head_outputs(mixed: Array, w_o: Array) -> Array:
    """Each head's part of the output: Z_h W_O^h, [head, query, d_model].

    Their sum over heads plus the output bias is the attention output
    (Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits").
    """
    heads, _, d_value = mixed.shape
    return mixed @ w_o.reshape(heads, d_value, -1)
