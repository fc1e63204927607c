"""Where one head looks: numbers worked by hand, and parts that sum to the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attncli
from attncli.insights.focus import Focus, FocusFinder
from attncli.language import ENGLISH
from attncli.views.focus import focus_blocks

TOKENS = ["<s>", "a", "b", "c"]
WEIGHTS = np.array([
    [1, 0, 0, 0],
    [0.5, 0.5, 0, 0],
    [0.25, 0.25, 0.5, 0],
    [0, 0.125, 0.75, 0.125],
])  # fmt: skip


def found(weights: Any, allowed: Any, itself: bool = True, cut: int = 0, tokens: Any = TOKENS) -> Focus:
    """The focus of a head whose queries come in two parts."""
    finder = FocusFinder(tokens, tokens, itself)
    for rows in (np.arange(cut), np.arange(cut, len(weights))):
        if len(rows):
            finder.add(rows, weights[rows], allowed[rows])
    return finder.result()


@pytest.mark.parametrize("cut", [0, 1, 2, 3])
def test_a_causal_head_worked_by_hand(cut: int) -> None:
    focus = found(WEIGHTS, np.tri(4, dtype=bool), cut=cut)
    assert [(pair.query, pair.key, pair.weight) for pair in focus.top] == [
        (3, 2, 0.75), (1, 0, 0.5), (1, 1, 0.5), (2, 2, 0.5), (2, 0, 0.25),
    ]  # fmt: skip
    assert (focus.top[0].query_token, focus.top[0].key_token) == ("c", "b")
    # bits of each row: 0; 1; ½·1 + 2·¼·2; ¾·log₂(4/3) + 2·⅛·3
    assert focus.entropy == pytest.approx((0 + 1 + 1.5 + 0.75 * np.log2(4 / 3) + 0.75) / 4)
    assert focus.most == pytest.approx((0 + 1 + np.log2(3) + 2) / 4)
    shares = focus.shares
    assert shares is not None
    # of queries 1 to 3. Query 1's previous token is the first one, and counts there
    assert shares.first == pytest.approx((0.5 + 0.25 + 0) / 3)
    assert shares.itself == pytest.approx((0.5 + 0.5 + 0.125) / 3)
    assert shares.previous == pytest.approx((0.25 + 0.75) / 3)
    assert shares.elsewhere == pytest.approx(0.125 / 3)
    assert shares.sink == 0


def test_cross_attention_has_no_token_of_its_own() -> None:
    shares = found(WEIGHTS, np.ones((4, 4), dtype=bool), itself=False).shares
    assert shares is not None
    assert (shares.itself, shares.previous) == (None, None)
    assert (shares.first, shares.elsewhere) == pytest.approx((1.75 / 4, 2.25 / 4))


def test_what_goes_to_a_sink_is_told() -> None:
    shares = found(WEIGHTS / 2, np.tri(4, dtype=bool)).shares
    assert shares is not None
    assert shares.sink == pytest.approx(0.5)
    assert shares.elsewhere == pytest.approx(0.125 / 6)


def test_a_single_token_has_no_choice() -> None:
    focus = found(WEIGHTS[:1, :1], np.ones((1, 1), dtype=bool))
    assert (focus.top, focus.shares, focus.entropy, focus.most) == ((), None, 0, 0)


@given(st.integers(2, 9), st.integers(0, 99), st.booleans())
def test_shares_sum_to_one_and_even_attention_has_the_most_entropy(n: int, seed: int, even: bool) -> None:
    allowed = np.tri(n, dtype=bool)
    raw = np.where(allowed, 1.0 if even else np.random.default_rng(seed).random((n, n)) + 1e-3, 0)
    focus = found(raw / raw.sum(-1, keepdims=True), allowed, tokens=["t"] * n)
    shares = focus.shares
    assert shares is not None
    assert sum(vars(shares).values()) == pytest.approx(1)
    assert focus.entropy == pytest.approx(focus.most) if even else focus.entropy < focus.most
    assert [pair.weight for pair in focus.top] == sorted((pair.weight for pair in focus.top), reverse=True)


def test_the_focus_of_a_model_is_that_of_its_weights() -> None:
    text = "The cat sat on the mat"
    weights = attncli.trace(text, stages="attn.weights", layers=2)["layers.2.attn.weights"].values[3]
    ((matrix,),) = (section.maps for section in attncli.maps(text, layers=2, heads=3))
    focus, n = matrix.focus, len(weights)
    assert focus is not None
    assert focus.queries == n
    largest = max((weights[q, k], q, k) for q in range(1, n) for k in range(q + 1))
    assert (focus.top[0].weight, focus.top[0].query, focus.top[0].key) == pytest.approx(largest)
    assert focus.most == pytest.approx(np.log2(np.arange(1, n + 1)).mean())
    assert matrix.scores is not None
    assert focus.entropy == pytest.approx(matrix.scores.entropy)
    assert focus.shares is not None
    assert (focus.shares.first, focus.shares.itself) == pytest.approx(
        (matrix.scores.kinds["first"], matrix.scores.kinds["self"])
    )
    assert all(matrix.focus is None for matrix in attncli.maps(text, layers=2)[0].maps)  # not of many


def test_it_is_told_in_three_lines() -> None:
    assert [ENGLISH.marked(block.text) for block in focus_blocks(found(WEIGHTS, np.tri(4, dtype=bool)))] == [
        "Largest weights: 3 c → 2 b 0.75 · 1 a → 0 <s> 0.50 · 1 a → 1 a 0.50",
        "Where its attention goes, from the second query on: first token 25.0 %, itself 37.5 %, "
        "previous token 33.3 %, elsewhere 4.2 %",
        "Entropy: 0.89 bits on average; even attention would have 1.15, a single key 0.",
    ]


def test_nothing_is_told_of_what_is_not_a_number() -> None:
    focus = found(np.where(np.eye(4) == 1, np.nan, WEIGHTS), np.tri(4, dtype=bool))
    assert list(focus_blocks(focus)) == []
    assert all(np.isfinite(pair.weight) for pair in focus.top)
