"""Positions of tokens: sinusoidal encodings, rotary angles, ALiBi slopes, buckets of distances."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from attncli.formula.types import Array, Index


def sinusoidal(positions: Index, dim: int, base: float = 10000.0) -> Array:
    """PE(pos, 2i) = sin(pos / base^(2i/dim)), PE(pos, 2i+1) = cos(the same); Vaswani et al. 2017, §3.5.

    Returns float64 [position, dim]; `dim` is even.
    """
    angles = rotary_angles(positions, inverse_frequencies(dim, base))  # [position, dim / 2]
    encoding = np.empty((len(positions), dim))
    encoding[:, 0::2] = np.sin(angles)
    encoding[:, 1::2] = np.cos(angles)
    return encoding


def sinusoidal_halves(positions: Index, dim: int) -> Array:
    """The same numbers as `sinusoidal`, all sines before all cosines. float64 [position, dim]; for an odd dim,
    the middle one is a sine."""
    dimension = np.arange(dim)
    angles = positions[:, None] / 10000.0 ** (2 * (dimension // 2) / dim)  # [position, dim]
    return np.concatenate([np.sin(angles[:, 0::2]), np.cos(angles[:, 1::2])], axis=1)


def sinusoidal_to_the_end(positions: Index, dim: int) -> Array:
    """[sin θ, cos θ] with θ_i = pos / 10000^(i / (dim/2 - 1)), so that the last wavelength is exactly 10000 · 2π
    (the layout of tensor2tensor and fairseq). float32 [position, dim], like the reference's angles; an odd dim
    ends with a 0."""
    half = dim // 2
    steps = np.arange(half, dtype=np.float32) * np.float32(-math.log(10000) / (half - 1))
    angles = positions[:, None].astype(np.float32) * np.exp(steps)  # [position, half]
    zeros = np.zeros((len(positions), dim % 2), np.float32)
    return np.concatenate([np.sin(angles), np.cos(angles), zeros], axis=1)


def inverse_frequencies(dim: int, base: float = 10000.0) -> Array:
    """base^(-2i/dim) for i = 0 … dim/2 - 1, in radians per position. float64 [dim / 2]."""
    return base ** -(np.arange(0, dim, 2) / dim)


def rotary_angles(positions: Index, frequencies: Array) -> Array:
    """θ = pos · frequency, in radians (Su et al. 2021, §3.2). [position, dim / 2]."""
    return positions[:, None] * frequencies


def rotate(x: Array, angles: Array, interleaved: bool = False, factor: float = 1.0) -> Array:
    """Rotates each pair of dimensions by its position's angle (Su et al. 2021, §3.4.2). `x` [head, position, d],
    `angles` [position, d / 2]. Pairs are (x_i, x_{i+d/2}), the layout of the published Llama checkpoints, or
    neighbors where interleaved. `factor` multiplies sine and cosine."""
    cos, sin = ((f(angles) * factor).astype(x.dtype) for f in (np.cos, np.sin))  # [position, d / 2]
    turned = np.empty_like(x)
    half = x.shape[-1] // 2
    pairs = (slice(0, None, 2), slice(1, None, 2)) if interleaved else (slice(half), slice(half, None))
    first, second = (x[..., part] for part in pairs)  # [head, position, d / 2] each
    turned[..., pairs[0]] = first * cos - second * sin
    turned[..., pairs[1]] = second * cos + first * sin
    return turned


def scale_linear(frequencies: Array, factor: float) -> Array:
    """Position interpolation: divides every position by the factor (Chen et al. 2023). Same shape."""
    return frequencies / factor


def scale_llama3(
    frequencies: Array, factor: float, low_freq_factor: float, high_freq_factor: float, original_length: int
) -> Array:
    """Divides the frequencies of long wavelengths by the factor, keeps short ones, and blends those between
    (Llama 3.1; Grattafiori et al. 2024, §3.4.2 and the released configuration)."""
    wavelengths = 2 * math.pi / frequencies
    # 0 below low_freq_factor rotations in the original context, 1 from high_freq_factor on
    keep = (original_length / wavelengths - low_freq_factor) / (high_freq_factor - low_freq_factor)
    keep = np.clip(keep, 0.0, 1.0)
    return keep * frequencies + (1 - keep) * frequencies / factor


def dynamic_base(size: int, base: float, factor: float, length: int, known: int) -> float:
    """The base that stretches the rotary wavelengths over a text longer than those seen in training, long ones
    more than short ones (NTK-aware scaling; Peng et al. 2023, §3.1 and B.2)."""
    stretch: float = (factor * length / known - (factor - 1)) ** (size / (size - 2))
    return base * stretch


def scale_yarn(
    frequencies: Array, base: float, factor: float, known: int, fast: float, slow: float, whole: bool = True
) -> Array:
    """Dimensions that turn more than `fast` times over the known length stay, those that turn less than `slow`
    times are divided by the factor, those between blended (YaRN; Peng et al. 2023, §3.2). `whole` rounds the
    bounds outwards, as the authors' code does."""
    size = 2 * len(frequencies)

    def dimension(turns: float) -> float:
        return size * math.log(known / (turns * 2 * math.pi)) / (2 * math.log(base))

    low, high = dimension(fast), dimension(slow)
    if whole:
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, size - 1)
    if low == high:
        high += 0.001  # as the authors do, so that the ramp does not divide by zero
    divided = np.clip((np.arange(len(frequencies)) - low) / (high - low), 0, 1)
    return frequencies * (1 - divided) + frequencies / factor * divided


def alibi_slopes(heads: int) -> Array:
    """2^(-8h/n) for heads h = 1 … n if n is a power of two; else the slopes for the next lower power, and every
    second slope for the next higher one (Press et al. 2021, §3 and the authors' code). float64 [head]."""

    def of_power_of_two(n: int) -> Array:
        return 2.0 ** (-8 / n * np.arange(1, n + 1))

    lower = 2 ** int(math.log2(heads))
    extra = of_power_of_two(2 * lower)[0::2][: heads - lower]
    return np.concatenate([of_power_of_two(lower), extra])


def alibi_bias(slopes: Sequence[float] | Array, queries: Index, keys: Index) -> Array:
    """-slope · |query - key|: the penalty for distant keys. [head, query, key]."""
    distance = np.abs(queries[:, None] - keys[None, :])
    return -np.asarray(slopes)[:, None, None] * distance


def relative_buckets(distances: Index, count: int, farthest: int, both_ways: bool) -> Index:
    """Which of `count` buckets each distance key - query falls into (Raffel et al. 2019, §2.1, and the authors'
    code): half of them hold one distance each, the others more and more distances up to `farthest`, the last also
    all beyond it. `both_ways`: half of the buckets are for the query itself and earlier keys, half for later keys;
    otherwise later keys count as distance 0. Whole numbers of the same shape."""
    if both_ways:
        count //= 2
        first, far = np.where(distances > 0, count, 0), np.abs(distances)
    else:
        first, far = np.zeros_like(distances), np.maximum(-distances, 0)
    single = count // 2
    # in float32, like the reference: the rounding decides at the edges of the buckets
    log = np.log(np.maximum(far, 1).astype(np.float32) / np.float32(single)) / np.float32(
        math.log(farthest / single)
    )
    wide = single + (log * np.float32(count - single)).astype(np.intp)
    buckets: Index = first + np.where(far < single, far, np.minimum(wide, count - 1))
    return buckets


def log_buckets(offsets: Index, buckets: int, farthest: int) -> Index:
    """Offsets up to half of `buckets` are kept; larger ones are grouped logarithmically, so that `farthest` - 1
    becomes `buckets` - 1 (He et al. 2020, and make_log_bucket_position in the authors' code). Same shape and
    sign."""
    half = buckets // 2
    distance = np.abs(offsets)
    # float32, like the reference: other rounding could give another bucket
    ratio = np.log(np.maximum(distance, half).astype(np.float32) / np.float32(half))
    whole = np.log(np.float32((farthest - 1) / half))
    grown = half + np.ceil(ratio / whole * np.float32(half - 1)).astype(np.intp)
    bucket: Index = np.where(distance <= half, offsets, grown * np.sign(offsets))
    return bucket
