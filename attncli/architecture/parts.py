"""Parts that many models share, built from their names and sizes."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from attncli.architecture.spec import Bias, FeedForward, Mask, Norm, Rotary, ScoreSite
from attncli.formula import masks, norms
from attncli.formula.feed_forward import ACTIVATIONS
from attncli.formula.positions import alibi_bias, alibi_slopes, inverse_frequencies, relative_buckets
from attncli.formula.types import Array
from attncli.language import N_

QKV = frozenset("qkv")
EVERY_KEY = Mask("", None, "")
CAUSAL = Mask("key ≤ query", masks.causal, N_("future tokens"))


def biased(bias: bool) -> dict[str, Any]:
    """Fields of `Attention`: all its projections have a bias, or none has."""
    return {"qkv_bias": QKV if bias else frozenset(), "output_bias": bias}


def sliding(size: int) -> Mask:
    """The query's own token and the `size` - 1 before it."""
    forbids = N_("future tokens and tokens {size} or more positions back", size=size)
    return Mask(f"query - {size} < key ≤ query", masks.causal_window(size), forbids)


def around(size: int) -> Mask:
    """Tokens at most `size` positions away, before or after."""
    forbids = N_("tokens more than {size} positions away", size=size)
    return Mask(f"|query - key| ≤ {size}", masks.window(size), forbids)


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
    """A feed-forward of `size` hidden units; `activation` is its name in config.json."""
    return FeedForward(size, ACTIVATIONS[activation], activation, gated, bias)


def plain_rotary(size: int) -> Rotary:
    """Rotary positions of all dimensions of a head, with base 10000 (Su et al. 2021)."""
    frequencies = inverse_frequencies(size).astype(np.float32)
    return Rotary(lambda length: frequencies, size)


def alibi(heads: int, scale: float = 1.0) -> Bias:
    """-m |query - key| with the slopes of Press et al. 2021, times a scale."""
    return linear_bias(alibi_slopes(heads) * scale)


def linear_bias(slopes: Array) -> Bias:
    """-m |query - key| with a slope m for each head. `slopes` [head]."""

    def add(s: ScoreSite, scaled: Array, q: Array, k: Array) -> Array:
        bias = alibi_bias(slopes[list(s.heads)], s.rows, np.arange(k.shape[-2]))  # [head, query, key]
        return scaled + bias.astype(scaled.dtype)

    return Bias("B = S' - m |query - key|", N_("ALiBi: a penalty for distant keys, by the head's slope m"), add)


def bucketed(heads: int, count: int, farthest: int, both_ways: bool) -> Bias:
    """A learned number for each head and bucket of distances (Raffel et al. 2019, §2.1). All layers of a stack
    share it: the parameter `relative.weight` [bucket, head]."""

    def add(s: ScoreSite, scaled: Array, q: Array, k: Array) -> Array:
        table = s.stack.parameter("relative.weight")[:, list(s.heads)]  # [bucket, head]
        distances = np.arange(k.shape[-2]) - s.rows[:, None]  # [query, key]
        bias = table[relative_buckets(distances, count, farthest, both_ways)]  # [query, key, head]
        return scaled + bias.transpose(2, 0, 1)

    meaning = N_("each head adds a number that it learned for the distance, in {count} buckets", count=count)
    shape: dict[str, tuple[int, ...]] = {"relative.weight": (count, heads)}
    return Bias("B = S' + b[bucket(key - query)]", meaning, add, parameters=shape)
