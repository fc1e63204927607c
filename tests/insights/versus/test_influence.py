"""The influence of earlier tokens: norms, logarithms, and how it changes with distance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attncli.formula.jacobians import rnn_back
from attncli.formula.recurrent import rnn
from attncli.insights.versus.influence import Influence, influences
from attncli.insights.versus.models import seeded_models
from tests.support.word_vectors import words


@pytest.mark.parametrize("gain", [0.3, 1.0, 4.0])
def test_norms_are_those_of_the_jacobians(gain: float) -> None:
    models, x = seeded_models(6, 0, gain), words(7, 6)
    states = rnn(models.rnn, x)
    carried, norms = np.eye(states.shape[1]), []
    for t in reversed(range(7)):
        jacobian, carried = rnn_back(models.rnn, states, t, carried)
        norms.insert(0, np.linalg.norm(jacobian))
    np.testing.assert_allclose(influences(models, x)[0].norms, norms, rtol=1e-12)


def test_influences_beyond_the_range_of_numbers_are_kept_by_their_logarithms() -> None:
    x = words(2500, 4)
    fading, exploding = (
        influences(seeded_models(4, 0, 0.3), x)[0],
        influences(seeded_models(4, 0, 12.0), 0.1 * x)[0],
    )
    assert np.isfinite(fading.log_norms).all()
    assert fading.log_norms[0] < math.log(1e-308)
    assert fading.norms[0] == 0
    assert fading.per_step is not None
    assert fading.per_step < 0.5
    assert not np.isnan(exploding.log_norms).any()


def test_with_no_recurrence_an_rnn_hears_the_last_token_only() -> None:
    of_rnn, of_lstm, _ = influences(seeded_models(6, 0, gain=0), words(5, 6))
    assert of_rnn.norms[:-1].tolist() == [0] * 4
    assert of_rnn.per_step == 0
    assert (of_lstm.norms > 0).all()  # by its cells


def test_the_factor_a_step_is_the_slope_of_the_logarithm() -> None:
    found = Influence("rnn", np.log([0.125, 0.25, 0.5, 7.0]), (4, 3, 2, 1))  # the last token's own does not count
    assert found.per_step == pytest.approx(0.5)
    assert Influence("rnn", np.log([0.5, 1.0]), (2, 1)).per_step is None


def test_it_fades_in_the_rnn_less_in_the_lstm_and_not_in_attention() -> None:
    """As the papers say, on average over seeds, with the options as they are."""
    logs = []
    for seed in range(20):
        found = influences(seeded_models(32, seed), words(12, 32, seed))
        logs.append([math.log(f.per_step or 0) for f in found])
    of_rnn, of_lstm, of_attention = np.exp(np.mean(logs, axis=0))
    assert of_rnn < 0.7 < of_lstm < 0.9
    assert of_attention == pytest.approx(1, abs=0.1)


@given(st.integers(0, 100), st.integers(2, 8), st.randoms())
def test_in_attention_influence_goes_with_the_word_wherever_it_stands(seed: int, n: int, random: Any) -> None:
    models, x = seeded_models(6, seed), words(n, 6, seed)
    order = list(range(n - 1))
    random.shuffle(order)
    straight, moved = (influences(models, x[rows])[2].norms for rows in ([*range(n)], [*order, n - 1]))
    np.testing.assert_allclose(moved[:-1], straight[order], rtol=1e-9)
