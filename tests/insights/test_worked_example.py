"""Worked examples of every golden model: their numbers are those of the stages, and follow from each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attncli
from attncli.insights.worked_example import largest, partial_sums, stages_of, summed, worked_example
from attncli.stages import attention_of, offered
from tests.support.worked_examples import CASES, attentions, examples, traced


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_an_example_has_the_numbers_of_the_stages_and_they_add_up(folder: Path) -> None:
    model, trace = traced(folder)
    near: dict[str, Any] = {"rtol": 1e-4, "atol": 2e-5}
    for example in examples(model, trace):
        whole = {
            n.rsplit(".", 1)[-1]: stage.values for n, stage in trace.items() if n.startswith(f"{example.path}.")
        }
        attention, n = attention_of(model.spec, f"{example.path}.q"), len(example.key_tokens)
        np.testing.assert_array_equal(example.weights.values, whole["weights"][example.head, example.query])
        np.testing.assert_array_equal(example.mixed.values, whole["mixed"][example.head, example.query])
        np.testing.assert_array_equal(example.v.values, whole["v"][example.head // attention.group])
        assert example.products.shape == (n, attention.d_head)

        scores, scaled, masked = (example.step(name) for name in ("scores", "scaled", "masked"))
        np.testing.assert_allclose(example.products.sum(axis=-1), scores, **near)
        np.testing.assert_allclose(scores * np.float32(attention.scale), scaled, **near)
        names = [step.name for step in example.steps]
        before = names[names.index("masked") - 1]
        allowed = np.ones(n, bool)
        if attention.mask.allowed is not None:
            allowed = attention.mask.allowed(np.array([example.query]), np.arange(n))[0]
        np.testing.assert_array_equal(masked, np.where(allowed, example.step(before), -np.inf))
        assert sorted(example.allowed) == list(np.flatnonzero(allowed))

        sink = example.sink
        assert (sink is not None) == attention.sinks
        np.testing.assert_allclose(example.powers.sum() + (sink.power if sink else 0), example.total, **near)
        np.testing.assert_allclose(example.powers / example.total, example.weights.values, **near)
        if sink is not None:
            assert sink.power / example.total == pytest.approx(sink.weight, abs=1e-6)
            assert example.weights.values.sum() + sink.weight == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(example.weights.values @ example.v.values, example.mixed.values, **near)
        np.testing.assert_allclose(example.lengths, np.linalg.norm(example.v.values, axis=-1), **near)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
@pytest.mark.parametrize("top", [1, 3, None])
def test_keys_that_are_not_written_out_are_summed_up(folder: Path, top: int | None) -> None:
    model, trace = traced(folder)
    for example in examples(model, trace):
        choice = largest(example, top)
        every = np.concatenate([choice.keys, choice.others, choice.masked])
        assert sorted(every) == list(range(len(example.key_tokens)))
        rest, sink = summed(example, choice.others), example.sink
        powers = example.powers[choice.keys].sum() + rest.power + (sink.power if sink else 0)
        assert powers == pytest.approx(example.total, rel=1e-5)
        assert example.weights.values[choice.masked].sum() == 0
        weights = example.weights.values[choice.keys].sum() + rest.weight + (sink.weight if sink else 0)
        assert weights == pytest.approx(1, abs=1e-5)
        assert rest.weight * rest.length == pytest.approx(rest.taken, abs=1e-9)
        if len(choice.others):
            assert example.weights.values[choice.others].max() <= example.weights.values[choice.keys].min()
        np.testing.assert_allclose(partial_sums(example, choice)[-1], example.mixed.values, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize(
    "case", ["gemma2-tied", "gpt-oss-yarn", "deberta-v2-own-keys", "t5-text", "deepseek-v3-groups"]
)
def test_the_row_and_the_head_that_are_asked_for_suffice(case: str) -> None:
    """A trace of the named stages alone gives the same numbers as the whole trace."""
    folder = Path(__file__).parent.parent / "golden" / case
    model, whole = traced(folder)
    given = json.loads((folder / "input.json").read_text("utf-8"))
    path = attentions(model)[-1]
    attention = attention_of(model.spec, f"{path}.q")
    needed = attncli.trace(
        ids=given["ids"], target_ids=given.get("target_ids"), model=model, heads=[1], queries=[2],
        stages=stages_of(offered(model.spec), path),
    )  # fmt: skip
    one, other = (worked_example(trace, path, attention, 1, 2) for trace in (needed, whole))
    np.testing.assert_allclose(one.products, other.products, atol=1e-5)
    np.testing.assert_allclose(one.powers, other.powers, atol=1e-5)
    np.testing.assert_allclose(one.mixed.values, other.mixed.values, atol=1e-5)
