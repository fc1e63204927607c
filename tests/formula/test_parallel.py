"""Work in pieces gives the numbers of work on the whole, whatever the shapes and however many cores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attncli.formula import feed_forward, parallel
from attncli.formula.softmax import softmax
from attncli.formula.types import Array

SHAPES = [(7,), (5, 7), (3, 5, 7), (1, 5, 7), (5, 0, 7), (4, 1, 1)]


@pytest.fixture(params=[(1, 1), (1, 3), (8, 3), (40, 2), (1 << 20, 2)])
def cut(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a few numbers, shared by several threads."""
    size, cores = request.param
    monkeypatch.setattr(parallel, "PIECE", size)
    monkeypatch.setattr(parallel, "SHARED", 0)
    monkeypatch.setattr(parallel, "cores", lambda: cores)
    parallel._pool.cache_clear()


def numbers(shape: tuple[int, ...], dtype: type = np.float32) -> Array:
    return (np.random.default_rng(0).standard_normal(shape) * 3).astype(dtype)


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize("shape", SHAPES)
def test_every_number_is_worked_on_once(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape)

    def add_one(part: Array) -> None:
        part += 1

    parallel.in_pieces(add_one, x)
    np.testing.assert_array_equal(x, np.ones(shape))


@pytest.mark.usefixtures("cut")
def test_an_error_in_a_thread_is_not_lost() -> None:
    def fail_at_the_end(part: Array) -> None:
        if (part == 34).any():
            raise ValueError("here")

    with pytest.raises(ValueError, match="here"):
        parallel.in_pieces(fail_at_the_end, np.arange(35).reshape(5, 7))


@pytest.mark.usefixtures("cut")
def test_numpys_handling_of_errors_holds_in_every_thread() -> None:
    x = np.zeros((5, 7))
    with np.errstate(divide="ignore", invalid="ignore"):
        parallel.in_pieces(lambda part: np.divide(part, 0, out=part), x)
    assert np.isnan(x).all()


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize("shape", [(5, 7), (3, 5, 7)])
@pytest.mark.parametrize("in_place", [False, True])
def test_softmax_is_the_formula(shape: tuple[int, ...], in_place: bool) -> None:
    x = numbers(shape)
    x[..., 2:4, 3:] = -np.inf
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    expected = e / e.sum(axis=-1, keepdims=True)
    given = x.copy()
    result = softmax(given, out=given if in_place else None)
    np.testing.assert_array_equal(result, expected)
    assert (result is given) == in_place
    if not in_place:
        np.testing.assert_array_equal(given, x)


FORMULAS: dict[str, Callable[[Any], Any]] = {
    "gelu": lambda x: x * 0.5 * (1 + feed_forward.erf(x * np.float32(0.5**0.5))),
    "gelu_new": lambda x: x * 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "quick_gelu": lambda x: x / (1 + np.exp(-1.702 * x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
}


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize("name", FORMULAS)
def test_activations_are_their_formulas(name: str) -> None:
    x = numbers((5, 7))
    given = x.copy()
    result = feed_forward.ACTIVATIONS[name](given)
    np.testing.assert_allclose(result, FORMULAS[name](x), rtol=1e-5, atol=1e-6)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(given, x)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6), st.integers(1, 80))
def test_parts_make_up_the_whole(a: int, b: int, c: int, size: int) -> None:
    x = np.arange(a * b * c).reshape(a, b, c)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parallel, "PIECE", size)
        parts = [part for (part,) in parallel._parts((x,))]
    assert np.concatenate([part.reshape(-1) for part in parts]).tolist() == list(range(x.size))
    assert all(part.size <= size or part.shape[:-1].count(1) == part.ndim - 1 for part in parts)
