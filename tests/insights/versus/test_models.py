"""The models of `attn versus`: sizes, and the seed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from attncli.insights.versus.models import hidden_size, seeded_models


@given(st.integers(2, 300), st.sampled_from([1, 4]))
def test_parameters_are_as_near_to_those_of_attention_as_a_whole_number_of_states_allows(
    d: int, gates: int
) -> None:
    def parameters(hidden: int) -> int:
        return gates * hidden * (d + hidden + 1)

    hidden = hidden_size(d, gates)
    assert parameters(hidden + 1) > 4 * d * d
    assert hidden == 1 or parameters(hidden - 1) < 4 * d * d


def test_the_counts_are_those_of_the_arrays() -> None:
    models = seeded_models(64, 0)
    assert models.parameters == {
        "rnn": 64 * 100 + 100 * 100 + 100,
        "lstm": 4 * (64 * 39 + 39 * 39 + 39),
        "attention": 4 * 64 * 64,
    }


def test_the_seed_and_nothing_else_draws_the_models() -> None:
    one, same, other = seeded_models(8, 1), seeded_models(8, 1), seeded_models(8, 2)
    assert (one.rnn.w_h == same.rnn.w_h).all()
    assert (one.attention.w_q != other.attention.w_q).all()
    assert seeded_models(8, 1, gain=2, forget_bias=3).lstm.bias.tolist() == 5 * [0.0] + 5 * [3.0] + 10 * [0.0]
