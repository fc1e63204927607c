"""Mathematical laws of attention, on random shapes and sentences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import attncli
import attncli.api  # imported here, so that no example takes the time
from attncli.formula.feed_forward import erf
from attncli.formula.positions import alibi_slopes, inverse_frequencies, rotary_angles, rotate, sinusoidal
from attncli.formula.softmax import softmax
from attncli.model.request import POSITIONS

ids = st.lists(st.integers(0, 50), min_size=1, max_size=9)


@st.composite
def shapes(draw: st.DrawFn) -> dict[str, Any]:
    kv_heads = draw(st.integers(1, 3))
    heads = kv_heads * draw(st.integers(1, 3))
    return {
        "seed": draw(st.integers(0, 1000)),
        "kv_heads": kv_heads,
        "heads": heads,
        "d_model": heads * 2 * draw(st.integers(1, 3)),
        "layers": draw(st.integers(1, 3)),
        "positions": draw(st.sampled_from(POSITIONS)),
        "causal": draw(st.booleans()),
    }


def stages(trace: attncli.Trace, ending: str) -> list[np.ndarray[Any, Any]]:
    return [stage.values for name, stage in trace.items() if name.endswith(ending)]


@given(shapes(), ids)
def test_rows_of_weights_sum_to_one(shape: dict[str, Any], sentence: list[int]) -> None:
    trace = attncli.trace(ids=sentence, model=attncli.load_model(**shape), stages=["weights"])
    for weights in stages(trace, "weights"):
        assert (weights >= 0).all()
        np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-6)


@given(shapes(), ids, st.integers(0, 50))
def test_causal_rows_do_not_see_the_future(shape: dict[str, Any], sentence: list[int], word: int) -> None:
    model = attncli.load_model(**shape | {"causal": True})
    short = attncli.trace(ids=sentence, model=model, stages=["resid.out", "weights"])
    longer = attncli.trace(ids=[*sentence, word], model=model, stages=["resid.out", "weights"])
    n = len(sentence)
    for before, after in zip(stages(short, "out"), stages(longer, "out"), strict=True):
        np.testing.assert_allclose(before, after[:n], atol=2e-5)
    for weights in stages(longer, "weights"):
        assert (np.triu(weights, k=1) == 0).all()


@given(shapes(), ids, st.randoms())
def test_without_positions_and_mask_permuting_tokens_permutes_outputs(
    shape: dict[str, Any], sentence: list[int], random: Any
) -> None:
    model = attncli.load_model(**shape | {"positions": "none", "causal": False}, dtype="float64")
    order = list(range(len(sentence)))
    random.shuffle(order)
    straight = attncli.trace(ids=sentence, model=model, stages=["resid.out"])
    shuffled = attncli.trace(ids=[sentence[i] for i in order], model=model, stages=["resid.out"])
    for a, b in zip(straight.values(), shuffled.values(), strict=True):
        np.testing.assert_allclose(a.values[order], b.values, atol=1e-9)


@given(shapes(), ids)
def test_the_heads_parts_add_up_to_the_output(shape: dict[str, Any], sentence: list[int]) -> None:
    model = attncli.load_model(**shape)
    trace = attncli.trace(ids=sentence, model=model, stages=["attn.heads", "attn.output"])
    for parts, output in zip(stages(trace, "heads"), stages(trace, "output"), strict=True):
        np.testing.assert_allclose(parts.sum(axis=0), output, atol=1e-5)


@given(shapes(), ids)
def test_float32_and_float64_agree(shape: dict[str, Any], sentence: list[int]) -> None:
    single = attncli.trace(ids=sentence, model=attncli.load_model(**shape), stages=["attn.*"])
    double = attncli.trace(ids=sentence, model=attncli.load_model(**shape, dtype="float64"), stages=["attn.*"])
    for name, stage in single.items():
        assert stage.values.dtype == np.float32
        assert double[name].values.dtype == np.float64
        np.testing.assert_allclose(stage.values, double[name].values, rtol=1e-3, atol=2e-4)


@settings(max_examples=40)
@given(shapes(), ids, st.data())
def test_a_selection_gives_the_same_numbers_as_the_whole(
    shape: dict[str, Any], sentence: list[int], data: st.DataObject
) -> None:
    """Stopping early and computing only some heads and rows changes no number."""
    model = attncli.load_model(**shape)
    whole = attncli.trace(ids=sentence, model=model)
    names = data.draw(st.lists(st.sampled_from([n for n in whole if n != "probs"]), min_size=1, unique=True))
    heads = data.draw(st.lists(st.integers(0, shape["heads"] - 1), min_size=1, unique=True))
    queries = data.draw(st.lists(st.integers(0, len(sentence) - 1), min_size=1, unique=True))
    part = attncli.trace(ids=sentence, model=model, stages=names, heads=heads, queries=queries)
    assert set(part) == set(names)
    for name, stage in part.items():
        expected = whole[name].values
        if stage.heads is not None:
            expected = expected[list(stage.heads)]
        if stage.rows is not None:
            expected = expected.take(stage.rows, axis=-2)
        np.testing.assert_allclose(stage.values, expected, rtol=1e-4, atol=1e-5)


def test_slabs_give_the_same_numbers_as_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    model = attncli.load_model(seed=0, heads=4, kv_heads=2, d_model=16, positions="alibi")
    whole = attncli.trace(ids=range(20), model=model)
    for size in (1, 30, 100, 500):
        monkeypatch.setattr("attncli.tracing.slabs.SLAB", size)
        pieces = attncli.trace(ids=range(20), model=model)
        for name, stage in pieces.items():
            np.testing.assert_allclose(stage.values, whole[name].values, atol=1e-5)


@given(st.integers(0, 10**6), st.text(min_size=1, max_size=5), st.text(min_size=1, max_size=5))
def test_a_word_has_the_same_embedding_in_every_sentence(seed: int, one: str, other: str) -> None:
    model = attncli.load_model(seed=seed, tokenizer="chars")
    first = attncli.trace(one + other, model=model, stages=["embed.tokens"])
    second = attncli.trace(other + one, model=model, stages=["embed.tokens"])
    assert first.tokens is not None
    assert second.tokens is not None
    by_text = dict(zip(first.tokens.texts, first["embed.tokens"].values.tolist(), strict=True))
    for text, vector in zip(second.tokens.texts, second["embed.tokens"].values.tolist(), strict=True):
        assert by_text.get(text, vector) == vector


def test_a_tensor_does_not_depend_on_which_others_were_made() -> None:
    plain = attncli.load_model(seed=0)
    only = attncli.trace("a b c", model=plain, stages=["layers.1.attn.q"])
    everything = attncli.trace("a b c", model=plain)
    np.testing.assert_array_equal(only["layers.1.attn.q"].values, everything["layers.1.attn.q"].values)
    wider = attncli.trace("a b c", model=attncli.load_model("seeded", layers=5), stages=["layers.1.attn.q"])
    np.testing.assert_array_equal(only["layers.1.attn.q"].values, wider["layers.1.attn.q"].values)


def test_attention_of_one_layer_by_hand() -> None:
    """Two words, d_k = 4 = √16: q = [2, 0, 0, 0] against keys [1, …] and [0, …] scores 2 and 0, scaled 1 and 0."""
    from attncli.formula.attention import attention

    seen: dict[str, np.ndarray[Any, Any]] = {}

    def tap(name: str, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        seen[name] = values
        return values

    q = np.array([[[2.0, 0, 0, 0]]])
    k = np.array([[[1.0, 0, 0, 0], [0, 1.0, 0, 0]]])
    v = np.array([[[10.0], [20.0]]])
    mixed = attention(q, k, v, 0.5, stage=tap)
    e = math.e
    np.testing.assert_allclose(seen["scores"], [[[2, 0]]])
    np.testing.assert_allclose(seen["scaled"], [[[1, 0]]])
    np.testing.assert_allclose(seen["weights"], [[[e / (e + 1), 1 / (e + 1)]]])
    np.testing.assert_allclose(mixed, [[[(10 * e + 20) / (e + 1)]]])


def test_softmax_is_stable_for_large_scores() -> None:
    x = np.array([[1e4, 1e4 - 1, -np.inf]], np.float32)
    np.testing.assert_allclose(softmax(x), [[1 / (1 + math.exp(-1)), 1 / (1 + math.e), 0]], rtol=1e-6)


def test_erf_in_float32_is_that_of_the_standard_library() -> None:
    x = np.linspace(-6, 6, 20001)
    expected = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(erf(x.astype(np.float32)), expected, atol=1e-6)
    np.testing.assert_array_equal(erf(x), expected)


def test_sinusoidal_encoding_is_the_papers_formula() -> None:
    table = sinusoidal(np.arange(50), 10)
    for pos in range(50):
        for i in range(5):
            assert table[pos, 2 * i] == pytest.approx(math.sin(pos / 10000 ** (2 * i / 10)), abs=1e-12)
            assert table[pos, 2 * i + 1] == pytest.approx(math.cos(pos / 10000 ** (2 * i / 10)), abs=1e-12)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_rotary_scores_depend_on_the_distance_alone(m: int, n: int, shift: int) -> None:
    random = np.random.default_rng(0)
    q, k = random.normal(size=(1, 1, 8)), random.normal(size=(1, 1, 8))
    frequencies = inverse_frequencies(8)

    def score(at_q: int, at_k: int) -> float:
        turned = [rotate(x, rotary_angles(np.array([p]), frequencies)) for x, p in ((q, at_q), (k, at_k))]
        return float((turned[0] * turned[1]).sum())

    assert score(m, n) == pytest.approx(score(m + shift, n + shift), abs=1e-9)


def test_alibi_slopes_are_those_of_the_paper() -> None:
    np.testing.assert_allclose(alibi_slopes(8), [2.0**-i for i in range(1, 9)])
    np.testing.assert_allclose(alibi_slopes(3), [2.0**-4, 2.0**-8, 2.0**-2])
