"""Scaled dot-product attention (Vaswani et al. 2017, §3.2.1), stage by stage.

Attention(Q, K, V) = softmax(Q Kᵀ / √d_k) V

`attention` is the formula. `attention_in_slabs` gives the same numbers for long texts: some heads and queries at a
time, and each stage is written directly to where it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from attncli.formula.masks import Allowed, masked
from attncli.formula.parallel import in_pieces
from attncli.formula.softmax import softmax
from attncli.formula.types import Array, Index

# ------------------------------------------------------------------ the formula


def unchanged(stage: str, values: Array) -> Array:
    """A tap that changes nothing."""
    return values


def attention(
    q: Array,
    k: Array,
    v: Array,
    scale: float,
    *,
    bias: Array | None = None,
    cap: float | None = None,
    allowed: NDArray[np.bool_] | None = None,
    sinks: Array | None = None,
    stage: Callable[[str, Array], Array] = unchanged,
) -> Array:
    """The weighted sum of the values, [head, query, d_value], as the paper writes it.

    `q` [head, query, d_head], `k` [head, key, d_head], `v` [head, key, d_value]. `bias` [head, query, key] is
    added to the scaled scores, which `cap` then bounds; `allowed` [query, key] says which keys a query sees;
    `sinks` [head] is the score of one more key per head, which has no value. None leaves a step out. `stage(name,
    values)` sees each stage and returns what the next one reads.
    """
    scores = stage("scores", q @ k.swapaxes(-1, -2))  # Q Kᵀ                     [head, query, key]
    scores = stage("scaled", scores * scale)  # Q Kᵀ / √d_k
    if bias is not None:
        scores = stage("biased", scores + bias)
    if cap is not None:
        scores = stage("capped", cap * np.tanh(scores / cap))
    scores = stage("masked", scores if allowed is None else np.where(allowed, scores, -np.inf))
    if sinks is None:
        weights = stage("weights", softmax(scores))  # rows sum to 1
    else:
        with_sink = stage("masked_with_sink", append_column(scores, sinks))  # [head, query, key + 1]
        with_sink = stage("weights_with_sink", softmax(with_sink))  # rows sum to 1
        weights = stage("weights", with_sink[..., :-1])
    return stage("mixed", weights @ v)  # A V                               [head, query, d_value]


# ------------------------------------------------------------------ the same, for long texts


class Slab(AbstractContextManager[Any], Protocol):
    """Some heads and some queries of an attention. As a context, it ends early, after the last stage that is
    wanted."""

    @property
    def heads(self) -> Sequence[int]:
        """Which heads."""

    @property
    def rows(self) -> Index:
        """The positions of the queries. [query]"""

    @property
    def block(self) -> slice:
        """Where the queries are in the array of all computed queries."""

    def stage(self, name: str, values: Array) -> Array:
        """Takes a stage of the slab, and returns what the next one reads."""

    def room(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """The array to write a stage into. It may be that of the stage before, if that one is not kept."""


@dataclass(frozen=True)
class Steps:
    """What happens between Q Kᵀ and the softmax: `scale` multiplies the scores, `bias(slab, scaled, q, k)` adds to
    them, `cap` bounds them, `allowed(queries, keys)` says which keys a query sees, `sinks` [head] are the scores
    of one more key per head. None leaves a step out."""

    scale: float
    bias: Callable[[Any, Array, Array, Array], Array] | None = None
    cap: float | None = None
    allowed: Allowed | None = None
    sinks: Array | None = None


def attention_in_slabs(q: Array, k: Array, v: Array, steps: Steps, slabs: Iterable[Slab]) -> Array:
    """The numbers of `attention`, a slab at a time. `q` [head, query, d_head]; `k` and `v` [kv_head, key, d_head
    or d_value], each shared by a group of heads. Gives [head, query, d_value] in the dtype of `q`.

    No matrix [head, query, key] of all heads is needed: each stage is written into an array that its slab
    provides.
    """
    group = len(q) // len(k)
    # laid out as [query, head, d_value], so that merging the heads copies nothing
    mixed = np.empty((q.shape[1], len(q), v.shape[-1]), q.dtype).swapaxes(0, 1)
    for slab in slabs:
        heads, shared = consecutive(slab.heads), consecutive([head // group for head in slab.heads])
        with slab:
            mixed[heads, slab.block] = _attend(q[heads, slab.block], k[shared], v[shared], steps, slab)
    return mixed


def _attend(q: Array, k: Array, v: Array, steps: Steps, slab: Slab) -> Array:
    """`attention` of one slab, line by line: `out` is the array that the stage is written into."""
    shape, dtype = (*q.shape[:-1], k.shape[-2]), q.dtype  # [head, query, key]
    scores = slab.stage("scores", np.matmul(q, k.swapaxes(-1, -2), out=slab.room("scores", shape, dtype)))
    scores = slab.stage("scaled", times(scores, steps.scale, out=slab.room("scaled", shape, dtype)))
    if steps.bias is not None:
        scores = slab.stage("biased", steps.bias(slab, scores, q, k))
    if steps.cap is not None:
        scores = slab.stage("capped", soft_cap(scores, steps.cap))
    room = slab.room("masked", shape, dtype)
    scores = copied(scores, out=room) if steps.allowed is None else masked(scores, steps.allowed, slab.rows, room)
    scores = slab.stage("masked", scores)
    if steps.sinks is None:
        weights = slab.stage("weights", softmax(scores, out=slab.room("weights", shape, dtype)))
    else:
        with_sink = append_column(scores, steps.sinks[list(slab.heads)])  # [head, query, key + 1]
        with_sink = slab.stage("masked_with_sink", with_sink)
        with_sink = slab.stage("weights_with_sink", softmax(with_sink))
        weights = slab.stage("weights", with_sink[..., :-1])
    return slab.stage("mixed", weights @ v)  # [head, query, d_value]


def consecutive(indices: Sequence[int]) -> slice | list[int]:
    """A slice, which copies nothing, where the indices follow one another; else the indices."""
    first, count = indices[0], len(indices)
    return slice(first, first + count) if list(indices) == list(range(first, first + count)) else list(indices)


# ------------------------------------------------------------------ steps


FEW = 32
"""The most rows for which BLAS is faster with the stored matrix than with its transpose."""


def product(x: Array, w: Array, out: Array) -> None:
    """X W, written into `out`. `x` [row, in], `w` [in, out]. Where W is the transpose of what is stored, few rows
    are multiplied as (Wᵀ Xᵀ)ᵀ, for which BLAS has less to rearrange."""
    if len(x) <= FEW and w.flags.f_contiguous:
        out[:] = (w.T @ x.T).T
    else:
        np.matmul(x, w, out=out)


def times(x: Array, factor: float, out: Array) -> Array:
    """x · factor, written into `out`, which may be `x`."""
    number = x.dtype.type(factor)
    in_pieces(lambda piece, into: np.multiply(piece, number, out=into), x, out)
    return out


def copied(x: Array, out: Array) -> Array:
    """Copies `x` to `out`, unless they are the same."""
    if not np.may_share_memory(x, out):
        in_pieces(lambda piece, into: np.copyto(into, piece), x, out)
    return out


def soft_cap(x: Array, cap: float, out: Array | None = None) -> Array:
    """cap · tanh(x / cap): about x for small x, and always between -cap and cap (Gemma Team 2024, §2). `out`,
    which may be `x`, takes the result."""
    limit = x.dtype.type(cap)
    out = np.empty_like(x) if out is None else out

    def bounded(piece: Array, into: Array) -> None:
        np.divide(piece, limit, out=into)
        np.tanh(into, out=into)
        np.multiply(into, limit, out=into)

    in_pieces(bounded, x, out)
    return out


def append_column(scores: Array, sinks: Array) -> Array:
    """The scores with one more key, whose score is the same for every query of a head. [head, query, key + 1]."""
    column = np.broadcast_to(sinks[:, None, None].astype(scores.dtype), (*scores.shape[:-1], 1))
    return np.concatenate([scores, column], axis=-1)


def split_heads(x: Array, heads: int) -> Array:
    """[position, heads * d_head] -> [head, position, d_head]."""
    return x.reshape(len(x), heads, x.shape[-1] // heads).swapaxes(0, 1)


def merge_heads(x: Array) -> Array:
    """[head, position, d_head] -> [position, heads * d_head], the heads side by side."""
    heads, positions, width = x.shape
    return x.swapaxes(0, 1).reshape(positions, heads * width)


def head_outputs(mixed: Array, w_o: Array) -> Array:
    """What each head adds to the output: Z_h W_O^h, [head, query, d_model].

    Their sum over the heads plus the output bias is the attention output
    (Elhage et al. 2021, "A Mathematical Framework for Transformer Circuits").
    """
    heads, _, d_value = mixed.shape
    return mixed @ w_o.reshape(heads, d_value, -1)
