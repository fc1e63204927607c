"""Scaled dot-product attention (Vaswani et al. 2017, §3.2.1), stage by stage.

Attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from attncli.formula.parallel import in_pieces
from attncli.formula.types import Array

Tap = Callable[[str, Array], Array]
Step = Callable[[Array], Array]
Room = Callable[[str, tuple[int, ...], "np.dtype[Any]"], Array]
"""Where a stage of some shape and type is to be written: into what is kept of it or, where it is not wanted, over
another such stage."""


def room_of_its_own(stage: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """A new array for every stage: none is written over."""
    return np.empty(shape, dtype)


@dataclass(frozen=True)
class Steps:
    """What happens to the scores between their scaling and the softmax, each None where there is no such step.

    `bias` adds to them, `cap` bends them softly below it, `mask` writes -inf over those that are not allowed;
    `sinks` [head] are the scores of a column that takes weight and has no value.
    """

    bias: Step | None = None
    cap: float | None = None
    mask: Step | None = None
    sinks: Array | None = None


def attend(
    query: Array, key: Array, value: Array, scale: float, steps: Steps, tap: Tap, room: Room = room_of_its_own
) -> Array:
    """One slab of heads and queries, from Q, K, V to the weighted sum of the values.

    `query` [head, query, d_head], `key` [head, key, d_head], `value` [head, key, d_value]. What `room` gives for a
    stage may be the array of the stage before, but only where the tap does not want that one.
    """
    shape, dtype = (*query.shape[:-1], key.shape[-2]), query.dtype  # [head, query, key]
    scores = tap("scores", np.matmul(query, key.swapaxes(-1, -2), out=room("scores", shape, dtype)))
    scores = tap("scaled", times(scores, scale, out=room("scaled", shape, dtype)))
    if steps.bias is not None:
        scores = tap("biased", steps.bias(scores))  # [head, query, key]
    if steps.cap is not None:
        scores = tap("capped", soft_cap(scores, steps.cap))  # [head, query, key]
    scores = copied(scores, out=room("masked", shape, dtype))
    scores = tap("masked", scores if steps.mask is None else steps.mask(scores))
    if steps.sinks is None:
        weights = tap("weights", softmax(scores, out=room("weights", shape, dtype)))
    else:
        with_sink = tap("masked_with_sink", append_column(scores, steps.sinks))  # [head, query, key + 1]
        with_sink = tap("weights_with_sink", softmax(with_sink))  # [head, query, key + 1]
        weights = tap("weights", with_sink[..., :-1])  # [head, query, key]
    return tap("mixed", weights @ value)  # [head, query, d_value]


FEW = 32
"""Rows up to which BLAS is faster with a matrix as it is stored than with its transpose."""


def product(x: Array, w: Array, out: Array) -> None:
    """X W, written into `out`; `x` [row, in], `w` [in, out]. Where W is the transpose of what is stored, a few
    rows are multiplied as (Wᵀ Xᵀ)ᵀ, for which BLAS has less to rearrange."""
    if len(x) <= FEW and w.flags.f_contiguous:
        out[:] = (w.T @ x.T).T
    else:
        np.matmul(x, w, out=out)


def times(x: Array, factor: float, out: Array) -> Array:
    """x · factor, written into `out`, which may be `x`."""
    number = x.dtype.type(factor)
    in_pieces(lambda part, into: np.multiply(part, number, out=into), x, out)
    return out


def copied(x: Array, out: Array) -> Array:
    """`x`, written into `out` unless it is there already."""
    if not np.may_share_memory(x, out):
        in_pieces(lambda part, into: np.copyto(into, part), x, out)
    return out


def soft_cap(x: Array, cap: float) -> Array:
    """cap · tanh(x / cap): near x where x is small, never beyond the cap (Gemma Team 2024, §2)."""
    limit = x.dtype.type(cap)
    y = np.empty_like(x)
    in_pieces(lambda part, into: np.multiply(limit, np.tanh(part / limit), out=into), x, y)
    return y


def append_column(scores: Array, sinks: Array) -> Array:
    """One more key, whose score is the head's own number for every query. [head, query, key + 1]."""
    column = np.broadcast_to(sinks[:, None, None].astype(scores.dtype), (*scores.shape[:-1], 1))
    return np.concatenate([scores, column], axis=-1)


def softmax(x: Array, out: Array | None = None) -> Array:
    """e^x / Σ e^x over the last axis; the row's maximum is taken off first, which changes nothing
    in the result and keeps e^x finite. Same shape and dtype. `out`, which may be `x`, takes the result."""
    out = np.empty_like(x) if out is None else out
    in_pieces(_softmax, x, out)
    return out


def _softmax(x: Array, e: Array) -> None:
    np.subtract(x, x.max(axis=-1, keepdims=True), out=e)
    np.exp(e, out=e)
    e /= e.sum(axis=-1, keepdims=True)


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
