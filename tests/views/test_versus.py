"""The page of `attn versus`: its sentences follow the numbers."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attncli.insights.versus.comparison import Comparison
from attncli.insights.versus.influence import Influence
from attncli.insights.versus.models import NAMES, seeded_models
from attncli.insights.versus.order import differences, shuffle
from attncli.insights.versus.sequential import Sequential, Timing, crossings
from attncli.insights.versus.settings import Settings
from attncli.render.page.formats import write
from attncli.render.page.numbers import factor
from attncli.render.page.page import Options
from attncli.text.built_in_tokenizers import built_in
from attncli.text.tokens import Tokens
from attncli.views.versus import page
from attncli.views.versus.sentences import order_result, range_result, sequential_result
from tests.support.word_vectors import words


def tokens_of(text: str) -> Tokens:
    return built_in("words").encode(text, None, True, None)


times = st.floats(1e-6, 1e3)


@st.composite
def sequentials(draw: st.DrawFn) -> Sequential:
    lengths = sorted(draw(st.sets(st.integers(1, 5000), min_size=1, max_size=6)))
    timings = [Timing(name, n, draw(st.sampled_from([1.0, 2.0, 4.0])), 3) for n in lengths for name in NAMES]
    of = {name: [t.seconds for t in timings if t.model == name] for name in NAMES}
    found = [c for other in ("rnn", "lstm") for c in crossings(other, lengths, of["attention"], of[other])]
    return Sequential(tuple(lengths), tuple(timings), tuple(found), 1)


@given(sequentials())
def test_what_is_said_of_the_times_is_true(found: Sequential) -> None:
    for other, said in zip(
        ("rnn", "lstm"), str(sequential_result(5, found)).split("Attention was ")[1:], strict=True
    ):
        pairs = list(zip(found.lengths, found.seconds("attention"), found.seconds(other), strict=True))
        faster, slower = ({n for n, a, b in pairs if way * (a - b) < 0} for way in (1, -1))
        everywhere = set(found.lengths)
        if "at every length" in said or " at n = " in said:
            assert (faster if said.startswith("faster") else slower) == everywhere
        elif "cross near" in said:
            (crossing,) = (c for c in found.crossings if c.other == other)
            before = {n for n in found.lengths if n <= crossing.between[0]}
            first, then = (faster, slower) if said.startswith("faster") else (slower, faster)
            assert first == before
            assert then == everywhere - before
            assert f"n = {crossing.between[0]} and" in said
        else:
            assert f"at {len(faster)} of the {len(pairs)} lengths and slower at {len(slower)}" in said
            assert everywhere not in (faster, slower)


@pytest.mark.parametrize(
    ("rnn_factor", "lstm_factor", "said"),
    [
        (0.5, 0.9, "It fades in the RNN, and more slowly in the LSTM."),
        (0.9, 0.5, "It fades in both, and no more slowly in the LSTM than in the RNN."),
        (
            0.5,
            0.5001,
            "It fades in both, and no more slowly in the LSTM than in the RNN.",
        ),  # 0.500 is shown of both
        (0.5, 1.1, "It fades in the RNN, but not in the LSTM."),
        (1.2, 0.9, "It fades in the LSTM, but not in the RNN."),
        (1.2, 1.0, "It fades in neither."),
    ],
)
def test_what_is_said_of_fading_follows_the_numbers(rnn_factor: float, lstm_factor: float, said: str) -> None:
    path = (1, 1, 1, 1)
    logs = [np.log(f) * np.arange(3, -1, -1) for f in (rnn_factor, lstm_factor, 1.3)]
    found = [Influence(name, log, path) for name, log in zip(NAMES, logs, strict=True)]
    told = str(range_result(tokens_of("a b c d"), found))
    assert said in told
    assert f"multiplied by {factor(rnn_factor)} in the RNN" in told
    assert "more than once" not in told
    assert "“a” occurs more than once" in str(range_result(tokens_of("a b a d"), found))
    assert "more than once" not in str(range_result(tokens_of("d b a d"), found))  # once before the last token


@pytest.mark.parametrize("seed", range(5))
def test_the_difference_without_positions_is_told(seed: int) -> None:
    found = differences(seeded_models(8, seed), words(5, 8, seed), shuffle(range(5), seed))
    assert f"to within {found[0].largest:.1e}" in str(order_result(tokens_of("a b c d e"), found))


@pytest.mark.parametrize("name", ["table", "md", "html", "svg", "png", "json", "csv"])
def test_influences_beyond_float64_come_out_in_every_medium(name: str) -> None:
    models, tokens = seeded_models(4, 0), tokens_of("a b c d")
    influences = tuple(Influence(model, np.array([-3000.0, 2000, -np.inf, 0]), (1,) * 4) for model in NAMES)
    comparison = Comparison(models, None, influences, None, None)
    output, options = io.BytesIO(), Options(width=80)
    write(name, page(comparison, tokens, "a b c d", Settings(("range",)), options), output, options)
    assert len(output.getvalue()) > 500
