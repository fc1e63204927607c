"""The order of the tokens: the shuffled sentence, and what it changes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from attncli.formula.recurrent import rnn
from attncli.insights.versus.models import seeded_models
from attncli.insights.versus.order import SAME, differences, shuffle
from tests.support.word_vectors import words


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(0, 1000))
def test_the_shuffled_sentence_reads_differently(ids: list[int], seed: int) -> None:
    order = shuffle(ids, seed)
    assert sorted(order) == list(range(len(ids)))
    assert ([ids[i] for i in order] == ids) == (len(set(ids)) == 1)
    assert order.tolist() == shuffle(ids, seed).tolist()


@given(st.integers(0, 1000), st.integers(2, 9))
def test_attention_without_positions_alone_does_not_see_the_order(seed: int, n: int) -> None:
    models = seeded_models(8, seed)
    found = differences(models, words(n, 8, seed), shuffle(range(n), seed))
    assert [(d.model, d.positions, d.mask) for d in found] == [
        ("attention", False, False), ("attention", True, False), ("attention", False, True),
        ("rnn", False, True), ("lstm", False, True),
    ]  # fmt: skip
    assert [d.same for d in found] == [True, False, False, False, False]
    assert found[0].largest < SAME


def test_a_difference_is_of_each_token_from_itself() -> None:
    """The first two of three words change places: an RNN comes to the third by another way, and the vector of the
    word that comes first now is its own step from zeros."""
    models, x = seeded_models(4, 0), words(3, 4)
    *_, of_rnn, _ = differences(models, x, np.array([1, 0, 2]))
    straight, moved = rnn(models.rnn, x), rnn(models.rnn, x[[1, 0, 2]])
    expected = [np.abs(straight[i] - moved[j]).max() for i, j in ((0, 1), (1, 0), (2, 2))]
    np.testing.assert_allclose(of_rnn.by_token, expected, rtol=1e-12)
