"""The page of `attn versus`: its sentences follow the numbers."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attncli.insights.versus.comparison import Comparison
from attncli.insights.versus.influence import Influence
from attncli.insights.versus.models import NAMES, seeded_models
from attncli.insights.versus.order import differences, shuffle
from attncli.insights.versus.sequential import Sequential, Timing, sequential
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


@st.composite
def sequentials(draw: st.DrawFn) -> Sequential:
    lengths = sorted(draw(st.sets(st.integers(1, 5000), min_size=1, max_size=8)))
    noise = draw(st.sampled_from([1.1, 1.5]))
    times = st.sampled_from([1.0, 2.0, 4.0])
    return sequential(
        [Timing(name, n, t, 9, t / noise, t * noise) for n in lengths for name in NAMES for t in [draw(times)]], 1
    )


def lengths_in(said: str, lengths: Sequence[int]) -> set[int]:
    """16, 64 to 256 as the lengths that are meant."""
    found: set[int] = set()
    for part in said.split(", "):
        first, _, last = part.partition(" to ")
        found |= {n for n in lengths if int(first) <= n <= int(last or first)}
    return found


@given(sequentials())
def test_what_is_said_of_the_times_is_true(found: Sequential) -> None:
    said = str(sequential_result(5, found))
    for other, name in (("rnn", "RNN"), ("lstm", "LSTM")):
        (about,) = re.findall(rf"Attention beside the {name}: ([^.]+)\.", said)
        pairs = list(zip(found.of("attention"), found.of(other), strict=True))
        expected = {
            "faster": {a.n for a, b in pairs if a.high < b.low},
            "slower": {a.n for a, b in pairs if b.high < a.low},
        }
        expected["no difference beyond the noise"] = set(found.lengths) - expected["faster"] - expected["slower"]
        told = {
            fact.partition(" at n = ")[0]: lengths_in(fact.partition(" at n = ")[2], found.lengths)
            for fact in about.split("; ")
        }
        assert told == {name: lengths for name, lengths in expected.items() if lengths}
        after = said.partition(f"the {name}: {about}. ")[2].partition("Attention beside")[0].strip()
        crossed = [c for c in found.crossings if c.other == other]
        if len(crossed) == 1:
            assert after == f"Their times cross near n = {round(crossed[0].n)}."
        elif crossed:
            assert after == "They change places more than once."
        else:
            assert after.startswith("That is no crossing yet") == bool(expected["faster"] and expected["slower"])


@pytest.mark.parametrize("name", ["table", "md", "html", "json"])
def test_what_the_times_do_not_show_is_told(name: str) -> None:
    timings = [Timing(model, n, t, 9, t / 1.1, t * 1.1) for n, t in ((8, 1.0), (64, 2.0)) for model in NAMES]
    comparison = Comparison(seeded_models(4, 0), sequential(timings, 1), None, None, None)
    output, options = io.BytesIO(), Options(width=400)
    write(name, page(comparison, tokens_of("a b"), "a b", Settings(("sequential",)), options), output, options)
    said = output.getvalue().decode()
    for piece in ("threads: 1", "n²·d", "n·d²", "parallel hardware", "steps one after another"):
        assert piece in said
    if name == "table":
        assert said.count("RNN, LSTM, attention") == 2  # nobody is the fastest


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
