"""RNN, LSTM and self-attention give the numbers of torch, and their Jacobians those of its automatic
differentiation (tests/golden/make_recurrent.py) and of finite differences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attncli.formula.jacobians import attention_jacobians, lstm_back, rnn_back
from attncli.formula.masks import causal
from attncli.formula.recurrent import Recurrence, lstm, rnn
from attncli.formula.self_attention import Projections, self_attention
from attncli.formula.types import Array
from attncli.insights.versus.models import Models, seeded_models

GOLDEN = dict(np.load(Path(__file__).parent.parent / "golden" / "recurrent.npz"))


def recurrence(kind: str) -> Recurrence:
    """torch keeps W transposed, and two biases that are added."""
    w_x, w_h, b_x, b_h = (GOLDEN[f"{kind}.{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    return Recurrence(w_x.T, w_h.T, b_x + b_h)


def projections() -> Projections:
    return Projections(*(GOLDEN[f"attention.w_{name}"] for name in "qkvo"))


def rnn_jacobians(cell: Recurrence, x: Array) -> Array:
    """∂h_n/∂x_i, [position, out, in], by the chain of steps."""
    states, carried, found = rnn(cell, x), np.eye(len(cell.w_h)), []
    for t in reversed(range(len(x))):
        jacobian, carried = rnn_back(cell, states, t, carried)
        found.append(jacobian)
    return np.stack(found[::-1])


def lstm_jacobians(cell: Recurrence, x: Array) -> Array:
    states, identity, found = lstm(cell, x), np.eye(len(cell.w_h)), []
    carried = np.stack([identity, 0 * identity])
    for t in reversed(range(len(x))):
        jacobian, carried = lstm_back(cell, states, t, carried)
        found.append(jacobian)
    return np.stack(found[::-1])


def of_attention(p: Projections, x: Array) -> Array:
    return np.stack(list(attention_jacobians(p, x))[::-1])


def by_differences(layer: Callable[[Array], Array], x: Array, step: float = 1e-6) -> Array:
    """∂(last output)/∂x_i, [position, out, in], by central differences."""
    columns = []
    for place in np.ndindex(x.shape):
        moved = np.zeros_like(x)
        moved[place] = step
        columns.append((layer(x + moved)[-1] - layer(x - moved)[-1]) / (2 * step))
    return np.moveaxis(np.reshape(columns, (*x.shape, -1)), -1, 1)


# ------------------------------------------------------------------ torch


def test_the_rnn_gives_the_states_of_torch() -> None:
    np.testing.assert_allclose(rnn(recurrence("rnn"), GOLDEN["x"]), GOLDEN["rnn.states"], rtol=0, atol=1e-14)


def test_the_lstm_gives_the_states_of_torch() -> None:
    states = lstm(recurrence("lstm"), GOLDEN["x"])
    np.testing.assert_allclose(states.hidden, GOLDEN["lstm.states"], rtol=0, atol=1e-14)
    np.testing.assert_allclose(states.cells[-1], GOLDEN["lstm.last_cell"], rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", ["causal", "every_key"])
def test_self_attention_gives_the_output_of_torch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = GOLDEN[f"attention.{name}"]
    mask = causal if name == "causal" else None
    np.testing.assert_allclose(self_attention(projections(), GOLDEN["x"], mask), expected, rtol=0, atol=1e-14)
    monkeypatch.setattr("attncli.formula.self_attention.SLAB", 13)  # two queries of six keys at a time
    np.testing.assert_allclose(self_attention(projections(), GOLDEN["x"], mask), expected, rtol=0, atol=1e-14)


def test_jacobians_are_those_of_automatic_differentiation() -> None:
    x = GOLDEN["x"]
    for found, kind in (
        (rnn_jacobians(recurrence("rnn"), x), "rnn"),
        (lstm_jacobians(recurrence("lstm"), x), "lstm"),
        (of_attention(projections(), x), "attention"),
    ):
        np.testing.assert_allclose(found, GOLDEN[f"{kind}.jacobian"], rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_precision_is_that_of_the_input(dtype: Any) -> None:
    models, x = seeded_models(8, 0).astype(dtype), GOLDEN["x"][:, [0, 1, 2, 3, 4, 0, 1, 2]].astype(dtype)
    states = lstm(models.lstm, x)
    for made in (
        rnn(models.rnn, x),
        states.gates,
        states.cells,
        states.hidden,
        self_attention(models.attention, x),
    ):
        assert made.dtype == dtype


# ------------------------------------------------------------------ by hand


def test_one_step_of_each_by_hand() -> None:
    """One number in, one out. RNN: tanh(2 · 0.5 + 0 · 3 + 1) = tanh 2, then tanh(0 · 0.5 + tanh 2 · 3 + 1).
    LSTM with all weights 0: gates 1/2, candidate 0, so nothing is stored; with a candidate of tanh 1, half of
    it."""
    cell = Recurrence(np.array([[0.5]]), np.array([[3.0]]), np.array([1.0]))
    first = np.tanh(2)
    np.testing.assert_allclose(rnn(cell, np.array([[2.0], [0.0]]))[:, 0], [first, np.tanh(3 * first + 1)])
    nothing = Recurrence(np.zeros((1, 4)), np.zeros((1, 4)), np.zeros(4))
    assert (lstm(nothing, np.ones((3, 1))).hidden == 0).all()
    stored = Recurrence(np.array([[0.0, 0, 1, 0]]), np.zeros((1, 4)), np.zeros(4))
    states = lstm(stored, np.array([[1.0], [0.0]]))
    np.testing.assert_allclose(states.cells[:, 0], [0.5 * np.tanh(1), 0.25 * np.tanh(1)])
    np.testing.assert_allclose(states.hidden[0, 0], 0.5 * np.tanh(0.5 * np.tanh(1)))


# ------------------------------------------------------------------ laws


@st.composite
def cases(draw_: st.DrawFn) -> tuple[Models, Array]:
    d, n = draw_(st.integers(1, 5)), draw_(st.integers(1, 5))
    gain, bias = draw_(st.floats(0, 3)), draw_(st.floats(-2, 3))
    seed = draw_(st.integers(0, 1000))
    return seeded_models(d, seed, gain, bias), np.random.default_rng(seed).normal(size=(n, d))


@given(cases())
def test_jacobians_are_those_of_finite_differences(case: tuple[Models, Array]) -> None:
    models, x = case
    for exact, layer in (
        (rnn_jacobians(models.rnn, x), lambda x: rnn(models.rnn, x)),
        (lstm_jacobians(models.lstm, x), lambda x: lstm(models.lstm, x).hidden),
        (of_attention(models.attention, x), lambda x: self_attention(models.attention, x, causal)),
    ):
        np.testing.assert_allclose(exact, by_differences(layer, x), rtol=1e-5, atol=1e-7)


@given(cases())
def test_the_last_query_sees_the_same_with_a_causal_mask_as_without(case: tuple[Models, Array]) -> None:
    models, x = case
    with_mask, without = (self_attention(models.attention, x, mask) for mask in (causal, None))
    np.testing.assert_allclose(with_mask[-1], without[-1], rtol=1e-12, atol=1e-14)


@given(cases(), st.randoms())
def test_without_positions_permuting_tokens_permutes_attention(case: tuple[Models, Array], random: Any) -> None:
    models, x = case
    order = list(range(len(x)))
    random.shuffle(order)
    straight = self_attention(models.attention, x)
    np.testing.assert_allclose(self_attention(models.attention, x[order]), straight[order], rtol=0, atol=1e-12)


@given(cases(), st.integers(0, 1000))
def test_a_recurrent_state_does_not_hang_on_what_comes_after(case: tuple[Models, Array], seed: int) -> None:
    models, x = case
    longer = np.concatenate([x, np.random.default_rng(seed).normal(size=(2, x.shape[1]))])
    np.testing.assert_allclose(rnn(models.rnn, longer)[: len(x)], rnn(models.rnn, x), rtol=1e-12, atol=1e-14)
    after, before = lstm(models.lstm, longer), lstm(models.lstm, x)
    np.testing.assert_allclose(after.hidden[: len(x)], before.hidden, rtol=1e-12, atol=1e-14)


@given(st.integers(1, 12), st.integers(0, 1000), st.floats(0, 3))
def test_the_gain_is_the_spectral_radius(d: int, seed: int, gain: float) -> None:
    models = seeded_models(d, seed, gain)
    for w_h in (models.rnn.w_h, *np.split(models.lstm.w_h, 4, axis=1)):
        np.testing.assert_allclose(np.abs(np.linalg.eigvals(w_h)).max(), gain, rtol=1e-6, atol=1e-9)
