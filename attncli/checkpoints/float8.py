"""Eight-bit and four-bit floating point: the value of every code, from the definitions of the formats
(Micikevicius et al. 2022, FP8 Formats for Deep Learning; Rouhani et al. 2023, OCP Microscaling Formats).

attn keeps these tables instead of requiring `ml_dtypes`: a lookup is three times as fast as its conversion, and
nothing has to be installed or imported. Tests compare every code with `ml_dtypes`, bit for bit.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

FLOAT8 = ("F8_E4M3", "F8_E5M2", "F8_E8M0")


@cache
def table(dtype: str) -> NDArray[np.float32]:
    """The value of each code of a format, float32 [code]: 256 codes of F8_E4M3, F8_E5M2 or F8_E8M0, or 16 of
    F4_E2M1."""
    if dtype == "F8_E8M0":  # a power of two, without a sign; the last code is NaN
        return np.append(np.ldexp(1.0, np.arange(255) - 127), np.nan).astype(np.float32)
    exponent_bits, mantissa_bits = int(dtype[-3]), int(dtype[-1])
    values = _values(exponent_bits, mantissa_bits)
    unsigned = np.arange(len(values)) % (len(values) // 2)
    nan = np.copysign(np.float32(np.nan), values)
    if dtype == "F8_E4M3":  # no infinities; one code of each sign is NaN
        return np.where(unsigned == 0x7F, nan, values)
    if dtype == "F8_E5M2":  # as in IEEE 754
        values[unsigned == 0x7C] *= np.inf
        return np.where(unsigned > 0x7C, nan, values)
    return values


def _values(exponent_bits: int, mantissa_bits: int) -> NDArray[np.float32]:
    """Every code as a number: ±2^(e - bias) (1 + m / 2^mantissa_bits), and the subnormals below the smallest e."""
    bias = (1 << (exponent_bits - 1)) - 1
    codes = np.arange(1 << (1 + exponent_bits + mantissa_bits))
    sign = np.where(codes >> (exponent_bits + mantissa_bits), -1.0, 1.0)
    exponent = (codes >> mantissa_bits) & ((1 << exponent_bits) - 1)
    fraction = (codes & ((1 << mantissa_bits) - 1)) / (1 << mantissa_bits)
    normal = exponent > 0
    return (sign * np.ldexp(fraction + normal, np.maximum(exponent, 1) - bias)).astype(np.float32)
