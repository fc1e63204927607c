"""The feed-forward's activation functions. Each maps an array to one of the same shape and dtype."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from attncli.formula.parallel import in_pieces
from attncli.formula.types import Array


def relu(x: Array) -> Array:
    """max(0, x)."""
    return np.maximum(x, x.dtype.type(0))


def gelu(x: Array) -> Array:
    """x · Φ(x) with the normal distribution's Φ (Hendrycks and Gimpel 2016)."""
    half, root = x.dtype.type(0.5), x.dtype.type(math.sqrt(0.5))
    return _in_place(lambda x, y: np.copyto(y, half * x * (1 + erf(x * root))), x)


def gelu_tanh(x: Array) -> Array:
    """½ x (1 + tanh(√(2/π) (x + 0.044715 x³))): GELU's tanh approximation, which GPT-2 was trained with
    (Hendrycks and Gimpel 2016, §2)."""
    half, one, root = (x.dtype.type(number) for number in (0.5, 1, math.sqrt(2 / math.pi)))
    cubic = x.dtype.type(math.sqrt(2 / math.pi) * 0.044715)

    def formula(x: Array, y: Array) -> None:
        np.multiply(x, x, out=y)
        y *= cubic
        y += root
        y *= x  # √(2/π) (x + 0.044715 x³)
        np.tanh(y, out=y)
        y += one
        y *= x
        y *= half

    return _in_place(formula, x)


def quick_gelu(x: Array) -> Array:
    """x · sigmoid(1.702 x) (Hendrycks and Gimpel 2016, §2)."""
    return _times_sigmoid(x, 1.702)


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x)."""
    return 1 / (1 + np.exp(-x))


def silu(x: Array) -> Array:
    """x · sigmoid(x), also called swish (Elfwing et al. 2017)."""
    return _times_sigmoid(x, 1)


def _times_sigmoid(x: Array, slope: float) -> Array:
    """x / (1 + e^(-slope · x))."""
    falling, one = x.dtype.type(-slope), x.dtype.type(1)

    def formula(x: Array, y: Array) -> None:
        np.multiply(x, falling, out=y)
        np.exp(y, out=y)
        y += one
        np.divide(x, y, out=y)

    return _in_place(formula, x)


def _in_place(formula: Callable[[Array, Array], None], x: Array) -> Array:
    """The formula of every element, which writes each step over the one before; a piece at a time, so that the
    steps stay in the cache."""
    y = np.empty_like(x)
    in_pieces(formula, x, y)
    return y


def clamped_swiglu(gate: Array, hidden: Array, steepness: float, limit: float) -> Array:
    """(h + 1) · g · sigmoid(steepness · g), with the gate g clamped from above and the hidden units h on both
    sides by `limit` (OpenAI 2025, the gpt-oss model card, §2.2 and the released code)."""
    g = np.minimum(gate, gate.dtype.type(limit))
    h = np.clip(hidden, -limit, limit).astype(hidden.dtype, copy=False)
    return (h + 1) * g * sigmoid(g * g.dtype.type(steepness))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": relu,
    "gelu": gelu,
    "gelu_new": gelu_tanh,
    "gelu_fast": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "quick_gelu": quick_gelu,
    "silu": silu,
    "swish": silu,
    "tanh": np.tanh,
}
"""By the name that config.json uses."""

# x P(x²) / Q(x²), fitted to erf on [0, 4] by reweighted least squares: within 3e-8 of it, and within 4e-7
# when evaluated in float32. Beyond 4, erf is 1 to float32.
_ERF_P = (1.1283791387468276, 0.19355418702473978, 0.05310298687851008,
          0.003883755126478971, 0.00028457864437063813, 1.986751764501524e-06)  # fmt: skip
_ERF_Q = (1.0, 0.5048654824199409, 0.11535380892327902,
          0.015208056590846102, 0.0011856782393717305, 3.7420538333557505e-05)  # fmt: skip
_exact_erf = np.frompyfunc(math.erf, 1, 1)


def erf(x: Array) -> Array:
    """The error function: `math.erf` of every element in float64, a rational fit of it in float32."""
    if x.dtype == np.float64:
        return np.asarray(_exact_erf(x), dtype=np.float64)
    x = np.clip(x, -4, 4)
    square = x * x
    return x * _polynomial(_ERF_P, square) / _polynomial(_ERF_Q, square)


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """Horner's rule, constant term first."""
    total = np.full_like(x, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total *= x
        total += x.dtype.type(c)
    return total
