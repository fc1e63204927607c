"""The parts that many models are put together from, by the names and numbers that tell them apart."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from attncli.architecture.spec import Bias, FeedForward, Mask, Norm, Rotary, Score
from attncli.formula import masks, norms
from attncli.formula.feed_forward import ACTIVATIONS
from attncli.formula.positions import alibi_bias, alibi_slopes, inverse_frequencies, relative_buckets
from attncli.formula.types import Array, Index
from attncli.text.language import N_

QKV = frozenset("qkv")
EVERY_KEY = Mask("", None)
CAUSAL = Mask("key ≤ query", masks.causal)


def biased(bias: bool) -> dict[str, Any]:
    """Fields of `Attention`: all its projections have a bias, or none."""
    return {"qkv_bias": QKV if bias else frozenset(), "output_bias": bias}


def sliding(size: int) -> Mask:
    """Causal, and no further back than `size` keys, the query's own among them."""
    return Mask(f"query - {size} < key ≤ query", masks.causal_window(size))


def around(size: int) -> Mask:
    """At most `size` keys away, before or after."""
    return Mask(f"|query - key| ≤ {size}", masks.window(size))


def layer_norm(eps: float, weight: bool = True, bias: bool = True) -> Norm:
    return Norm("LayerNorm", partial(norms.layer_norm, eps=eps), weight, bias)


def rms_norm(eps: float, weight: bool = True) -> Norm:
    return Norm("RMSNorm", partial(norms.rms_norm, eps=eps), weight, bias=False)


def rms_norm_from_one(eps: float) -> Norm:
    """RMSNorm whose weight is stored as its distance from 1 (Gemma)."""

    def apply(x: Array, weight: Array | None, bias: Array | None) -> Array:
        return norms.rms_norm(x, None if weight is None else 1 + weight, bias, eps)

    return Norm("RMSNorm", apply, bias=False)


def feed_forward(size: int, activation: str, *, gated: bool = False, bias: bool = False) -> FeedForward:
    """By the activation's name in config.json."""
    return FeedForward(size, ACTIVATIONS[activation], activation, gated, bias)


def plain_rotary(size: int) -> Rotary:
    """Rotary positions of all dimensions of a head, of base 10000 (Su et al. 2021)."""
    frequencies = inverse_frequencies(size).astype(np.float32)
    return Rotary(lambda length: frequencies, size)


def alibi(heads: int, scale: float = 1.0) -> Bias:
    """-m |query - key| with the slopes of Press et al. 2021, times a scale."""
    return linear_bias(alibi_slopes(heads) * scale)


def linear_bias(slopes: Array) -> Bias:
    """-m |query - key| with a slope m of its own for each head. `slopes` [head]."""

    def prepare(*_: Any) -> Score:
        def add(scores: Array, heads: list[int], queries: Index, tap: Any) -> Array:
            bias = alibi_bias(slopes[heads], queries, np.arange(scores.shape[-1]))  # [head, row, key]
            return scores + bias.astype(scores.dtype)

        return add

    return Bias("B = S' - m |query - key|", N_("ALiBi: far keys cost more, by the head's slope m"), prepare)


def bucketed(heads: int, count: int, farthest: int, both_ways: bool) -> Bias:
    """A learned number for each head and bucket of distances (Raffel et al. 2019, §2.1), the same in all layers of
    a stack: its parameter `relative.weight` [bucket, head]."""

    def prepare(weights: Any, side: str, *_: Any) -> Score:
        table = weights(side + "relative.weight")

        def add(scores: Array, heads: list[int], queries: Index, tap: Any) -> Array:
            distances = np.arange(scores.shape[-1]) - queries[:, None]  # [row, key]
            bias = table[:, heads][relative_buckets(distances, count, farthest, both_ways)]  # [row, key, head]
            return scores + bias.transpose(2, 0, 1)

        return add

    meaning = N_(
        "each head adds what it has learned for the distance, of which it tells {count} apart", count=count
    )
    shape: dict[str, tuple[int, ...]] = {"relative.weight": (count, heads)}
    return Bias("B = S' + b[bucket(key - query)]", meaning, prepare, parameters=shape)
