"""Norms in place, a piece at a time, are the formulas of the papers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from attncli.formula import parallel
from attncli.formula.norms import layer_norm, rms_norm
from attncli.formula.types import Array

EPS = 1e-5


def plain_layer_norm(x: Array) -> Array:
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + EPS)


def plain_rms_norm(x: Array) -> Array:
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + EPS)


@pytest.mark.parametrize("piece", [1, 20, 1 << 16])
@pytest.mark.parametrize("shape", [(5, 6), (3, 4, 6), (1, 1)])
@pytest.mark.parametrize(("norm", "plain"), [(layer_norm, plain_layer_norm), (rms_norm, plain_rms_norm)])
@pytest.mark.parametrize("affine", ["", "weight", "bias", "weight bias"])
def test_a_norm_is_its_formula(
    norm: Callable[..., Array],
    plain: Callable[[Array], Array],
    shape: tuple[int, ...],
    affine: str,
    piece: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parallel, "PIECE", piece)
    random = np.random.default_rng(0)
    x, weight, bias = (random.standard_normal(s).astype(np.float32) for s in (shape, shape[-1:], shape[-1:]))
    given = x.copy()
    expected = plain(x) * (weight if "weight" in affine else 1) + (bias if "bias" in affine else 0)
    result = norm(x, weight if "weight" in affine else None, bias if "bias" in affine else None, EPS)
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(x, given)


def test_each_head_may_have_a_weight_of_its_own() -> None:
    random = np.random.default_rng(0)
    x, weight = random.standard_normal((3, 4, 6)), random.standard_normal((3, 1, 6))
    np.testing.assert_allclose(rms_norm(x, weight, None, EPS), plain_rms_norm(x) * weight)
