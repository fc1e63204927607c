"""Attention in slabs gives the numbers of the formula, whatever the shapes, the steps and the cuts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attncli.formula.attention import Steps, attention, attention_in_slabs, product
from attncli.formula.masks import Allowed, causal, causal_window, window
from attncli.formula.self_attention import Projections, self_attention
from attncli.formula.types import Array, Index


@dataclass(frozen=True)
class Case:
    """Q, K, V of an attention, and its steps."""

    q: Array  # [head, query, d_head]
    k: Array  # [kv_head, key, d_head]
    v: Array  # [kv_head, key, d_value]
    rows: Index  # the positions of the queries
    bias: Array | None  # [head, query, key]
    cap: float | None
    allowed: Allowed | None
    sinks: Array | None  # [head]

    @property
    def group(self) -> int:
        return len(self.q) // len(self.k)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    kv_heads, group, keys, d = (draw(st.integers(1, n)) for n in (3, 3, 7, 5))
    heads, d_value = kv_heads * group, draw(st.integers(1, 4))
    rows = np.array(sorted(draw(st.sets(st.integers(0, keys - 1), min_size=1))))

    def numbers(*shape: int) -> Array:
        return random.standard_normal(shape).astype(np.float32) * 2

    return Case(
        numbers(heads, len(rows), d),
        numbers(kv_heads, keys, d),
        numbers(kv_heads, keys, d_value),
        rows,
        draw(st.sampled_from([None, numbers(heads, len(rows), keys)])),
        draw(st.sampled_from([None, 1.5])),
        draw(st.sampled_from([None, causal, causal_window(2), window(1)])),
        draw(st.sampled_from([None, numbers(heads)])),
    )


Stages = dict[str, Array]


@dataclass
class Cut(AbstractContextManager[None]):
    """A slab that keeps a copy of each stage, and gives each its own room or writes each over the one before."""

    heads: tuple[int, ...]
    rows: Index
    block: slice
    kept: Stages = field(default_factory=dict)
    own_rooms: bool = True
    scratch: Array | None = None

    def __exit__(self, *_: object) -> None:
        pass

    def stage(self, name: str, values: Array) -> Array:
        self.kept[name] = values.copy()
        return values

    def room(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        if self.own_rooms or self.scratch is None:
            self.scratch = np.empty(shape, dtype)
        return self.scratch


def cuts(case: Case, head_step: int, row_step: int, own_rooms: bool) -> Iterator[Cut]:
    for h in range(0, len(case.q), head_step):
        for r in range(0, len(case.rows), row_step):
            block = slice(r, min(r + row_step, len(case.rows)))
            heads = tuple(range(h, min(h + head_step, len(case.q))))
            yield Cut(heads, case.rows[block], block, own_rooms=own_rooms)


def formula(case: Case) -> Stages:
    """The stages of the plain lines."""
    kept: Stages = {}
    k, v = (np.repeat(x, case.group, axis=0) for x in (case.k, case.v))
    seen = None if case.allowed is None else case.allowed(case.rows, np.arange(k.shape[1]))
    attention(case.q, k, v, 0.5, bias=case.bias, cap=case.cap, allowed=seen, sinks=case.sinks,
              stage=lambda name, values: kept.setdefault(name, values))  # fmt: skip
    return kept


@given(cases(), st.integers(1, 9), st.integers(1, 7), st.booleans())
def test_slabs_give_the_numbers_of_the_formula(case: Case, head_step: int, row_step: int, own_rooms: bool) -> None:
    expected = formula(case)

    def add_bias(slab: Cut, scaled: Array, q: Array, k: Array) -> Array:
        assert case.bias is not None
        np.testing.assert_array_equal(q, case.q[list(slab.heads), slab.block])
        return scaled + case.bias[list(slab.heads), slab.block]

    made = list(cuts(case, head_step, row_step, own_rooms))
    steps = Steps(0.5, None if case.bias is None else add_bias, case.cap, case.allowed, case.sinks)
    mixed = attention_in_slabs(case.q, case.k, case.v, steps, made)
    np.testing.assert_allclose(mixed, expected["mixed"], rtol=1e-6, atol=1e-6)
    for cut in made:
        assert list(cut.kept) == list(expected)
        for name, values in cut.kept.items():
            np.testing.assert_allclose(
                values, expected[name][list(cut.heads), cut.block], rtol=1e-5, atol=1e-6, err_msg=name
            )


@given(cases())
def test_rows_of_weights_sum_to_one_and_what_is_masked_gets_nothing(case: Case) -> None:
    stages = formula(case)
    whole = stages["weights" if case.sinks is None else "weights_with_sink"]
    np.testing.assert_allclose(whole.sum(axis=-1), 1, atol=1e-6)
    assert (stages["weights"][np.isinf(stages["masked"])] == 0).all()


@pytest.mark.parametrize("rows", [1, 3, 40])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_product_is_the_product_however_the_matrix_is_stored(rows: int, transposed: bool) -> None:
    random = np.random.default_rng(0)
    x, w = random.standard_normal((rows, 6)), random.standard_normal((6, 5))
    out = np.empty((rows, 5))
    product(x, w.T.copy().T if transposed else w, out)
    np.testing.assert_allclose(out, x @ w)


@pytest.mark.parametrize("slab", [1, 7, 1 << 22])
@pytest.mark.parametrize("allowed", [None, causal])
def test_one_head_with_its_matrices_is_the_formula(
    slab: int, allowed: Allowed | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attncli.formula.self_attention.SLAB", slab)
    random = np.random.default_rng(0)
    x, *matrices = (random.standard_normal(shape) for shape in [(5, 4)] + [(4, 4)] * 4)
    p = Projections(*matrices)
    positions = np.arange(5)
    seen = None if allowed is None else allowed(positions, positions)
    expected = attention((x @ p.w_q)[None], (x @ p.w_k)[None], (x @ p.w_v)[None], 0.5, allowed=seen)[0] @ p.w_o
    np.testing.assert_allclose(self_attention(p, x, allowed), expected)
