"""Experts: which are chosen, with what weights, and that no other is read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import attncli
from attncli.formula.routing import (
    in_best_groups,
    is_largest,
    sigmoid_then_choose,
    softmax_of_chosen,
    softmax_then_choose,
)

GOLDEN = Path(__file__).parent.parent / "golden"


def test_the_largest_are_found_and_of_equals_the_first() -> None:
    found = is_largest(np.array([[1.0, 5.0, 3.0, 5.0], [2.0, 2.0, 2.0, 2.0]]), 2)
    assert found.tolist() == [[False, True, False, True], [True, True, False, False]]


def test_the_weights_of_the_chosen_sum_to_one() -> None:
    weights = softmax_of_chosen(np.array([[0.0, np.log(3), -1.0]]), 2)
    np.testing.assert_allclose(weights, [[0.25, 0.75, 0.0]])


def test_the_best_groups_are_those_of_the_largest_sums() -> None:
    scores = np.array([[9.0, 0.0, 0.0, 5.0, 5.0, 1.0]])
    assert in_best_groups(scores, 2, 1, judged_by=1).tolist() == [[True, True, True, False, False, False]]
    assert in_best_groups(scores, 2, 1, judged_by=2).tolist() == [[False, False, False, True, True, True]]


def test_what_is_chosen_of_a_softmax_keeps_its_weight() -> None:
    logits = np.log(np.array([[1.0, 4.0, 3.0, 2.0]]))
    np.testing.assert_allclose(softmax_then_choose(logits, 2, 10.0), [[0.0, 4.0, 3.0, 0.0]])
    np.testing.assert_allclose(softmax_then_choose(logits, 2, 10.0, groups=2, kept=1), [[1.0, 4.0, 0.0, 0.0]])


def test_the_bias_chooses_but_does_not_weigh() -> None:
    bias = np.array([0.0, 0.0, 5.0, 0.0])
    weights = sigmoid_then_choose(np.array([[3.0, 0.0, 0.0, -9.0]]), bias, 2, 1.0, 1, 1, normalized=False)
    np.testing.assert_allclose(weights, [[1 / (1 + np.exp(-3)), 0.0, 0.5, 0.0]])


@dataclass
class Asked:
    """Weights that keep the names of the parameters that were asked for."""

    weights: Any
    names: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> NDArray[Any] | None:
        self.names.append(name)
        value: NDArray[Any] | None = self.weights(name)
        return value

    def columns(self, name: str) -> tuple[int, Any]:
        self.names.append(name)
        width, parts = self.weights.columns(name)
        return width, parts

    def rows(self, name: str, ids: Any) -> NDArray[Any]:
        rows: NDArray[Any] = self.weights.rows(name, ids)
        return rows


@pytest.mark.parametrize("case", ["gpt-oss-yarn", "deepseek-v2-groups", "deepseek-v3-groups"])
def test_only_experts_that_some_token_chose_are_read(case: str) -> None:
    model = attncli.load_model(GOLDEN / case)
    asked = Asked(model.weights)
    trace = attncli.trace(ids=[3], model=replace(model, weights=asked))
    for layer in range(model.spec.layers):
        name = f"layers.{layer}.mlp.routed"
        if name not in trace:
            continue
        chosen = set(np.flatnonzero(trace[name].values.any(axis=0)).tolist())
        parts = [n.split(".") for n in asked.names if n.startswith(f"layers.{layer}.mlp.experts.")]
        assert {int(part[4]) for part in parts} == chosen
        assert len(chosen) < trace[name].values.shape[1]
