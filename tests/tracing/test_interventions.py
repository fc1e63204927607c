"""Interventions: a function replaces the values of a stage, and the forward goes on with what it returns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attncli
from attncli.errors import AttnError, UsageError
from attncli.formula.types import Array, Index
from attncli.model.model import Model
from attncli.model.running import run
from attncli.stages.selecting import select
from attncli.tracing.interventions import Intervention
from attncli.tracing.selection import Selection
from attncli.tracing.stage import Stage

GOLDEN = Path(__file__).parent.parent / "golden"
IDS = [7, 3, 0, 7, 12, 5]
Stages = dict[str, Stage]


def recorded(
    model: Model,
    interventions: dict[str, Intervention] | None = None,
    stages: tuple[str, ...] = ("*",),
    ids: list[int] = IDS,
    target_ids: list[int] | None = None,
    **options: Any,
) -> Stages:
    """Runs a model, changed by the interventions, and gives the stages."""
    tokens = attncli.tokenize(model, None, ids=ids)
    target = None if target_ids is None else attncli.tokenize(model, None, ids=target_ids)
    model = model.bind(model, tokens)
    found: Stages = {}
    chosen = {name: options.pop(name) for name in ("heads", "queries") if name in options}
    selection = Selection(tuple(select(model.spec, [*stages], None)), **chosen)
    run(model, tokens, selection, lambda stage: found.__setitem__(stage.name, stage), target=target,
        interventions=interventions, **options)  # fmt: skip
    return found


def story(**shape: Any) -> Model:
    return attncli.load_model(**{"seed": 0, "layers": 2, "heads": 4, "kv_heads": 2, "d_model": 16} | shape)


def uniform(stage: str, values: Array, heads: Index | None, rows: Index) -> Array:
    return np.full_like(values, 1 / values.shape[-1])


def zero(stage: str, values: Array, heads: Index | None, rows: Index) -> Array:
    return np.zeros_like(values)


@pytest.fixture(params=[1, 7, 1 << 22], ids=["a row", "some rows", "whole"])
def slab(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How much of an attention is computed at a time."""
    monkeypatch.setattr("attncli.tracing.slabs.SLAB", request.param)


@pytest.mark.usefixtures("slab")
def test_uniform_weights_mix_the_mean_of_the_values() -> None:
    found = recorded(story(), {"layers.0.attn.weights": uniform})
    values = found["layers.0.attn.v"].values.mean(axis=1)  # [kv_head, d_value]
    mixed = found["layers.0.attn.mixed"].values  # [head, query, d_value]
    np.testing.assert_allclose(mixed, np.repeat(values, 2, axis=0)[:, None].repeat(len(IDS), axis=1), atol=1e-6)


@pytest.mark.usefixtures("slab")
@pytest.mark.parametrize("stage", ["scores", "scaled", "layers.*.attn.scores"])
def test_scores_of_zero_give_each_allowed_key_the_same_weight(stage: str) -> None:
    found = recorded(story(), {stage: zero})
    expected = np.tril(np.ones((6, 6))) / np.arange(1, 7)[:, None]
    for layer in range(2):
        weights = found[f"layers.{layer}.attn.weights"].values
        np.testing.assert_allclose(weights, np.broadcast_to(expected, weights.shape), atol=1e-6)


def test_a_patched_residual_makes_everything_after_it_that_of_the_other_text() -> None:
    model, other = story(tokenizer="words"), [1, 1, 2, 9, 12, 4]
    # of ids as they are, the vocabulary is as large as the largest of them: 12 in both texts
    wanted = recorded(model, ids=other)
    patch = wanted["layers.0.resid.out"].values
    found = recorded(model, {"layers.0.resid.out": lambda stage, values, heads, rows: patch[rows]})
    after = list(found).index("layers.0.resid.out")
    for number, name in enumerate(found):
        if number >= after:
            np.testing.assert_array_equal(found[name].values, wanted[name].values, err_msg=name)
    assert not np.array_equal(found["layers.0.attn.v"].values, wanted["layers.0.attn.v"].values)


@pytest.mark.usefixtures("slab")
@pytest.mark.parametrize("case", ["gpt2-untied", "deberta-v2-own-keys", "gemma2-tied", "gpt-oss-yarn", "t5-gated",
                                  "deepseek-v2-groups"])  # fmt: skip
def test_an_intervention_that_changes_nothing_changes_nothing(case: str) -> None:
    """Whichever stage it is, whether its function returns the copy or the array that it kept."""
    model, seen = attncli.load_model(GOLDEN / case), set()

    def same(stage: str, values: Array, heads: Index | None, rows: Index) -> Array:
        seen.add(stage)
        assert values.shape[-2] == len(rows)
        assert heads is None or len(heads) == len(values)
        return values

    target = {"target_ids": [0, 4, 9]} if model.spec.encoder else {}
    plain = recorded(model, **target)
    found = recorded(model, {"*": same}, **target)
    assert seen == set(found) == set(plain)
    for name, stage in found.items():
        largest = float(np.abs(np.nan_to_num(plain[name].values, posinf=0, neginf=0)).max())
        np.testing.assert_allclose(stage.values, plain[name].values, rtol=1e-4, atol=1e-5 * largest, err_msg=name)


@pytest.mark.usefixtures("slab")
@pytest.mark.parametrize("stage", ["scores", "scaled", "masked", "weights", "mixed"])
def test_a_slab_is_told_its_heads_and_rows(stage: str) -> None:
    """Each number is replaced by one that says where it is."""

    def where(name: str, values: Array, heads: Index | None, rows: Index) -> Array:
        assert heads is not None
        return np.broadcast_to(100 * heads[:, None, None] + rows[:, None], values.shape)

    found = recorded(story(), {f"layers.1.attn.{stage}": where})
    values = found[f"layers.1.attn.{stage}"].values
    expected = 100 * np.arange(4)[:, None, None] + np.arange(6)[:, None]
    np.testing.assert_array_equal(values, np.broadcast_to(expected, values.shape))
    name = f"layers.1.attn.{stage}"
    some = recorded(story(), {name: where}, (name,), heads=(1, 3), queries=(2, 5))
    np.testing.assert_array_equal(some[name].values, values[[1, 3]][:, [2, 5]])


@pytest.mark.usefixtures("slab")
@pytest.mark.parametrize("stage", ["scores", "scaled", "masked", "weights"])
def test_what_a_function_returns_is_not_written_over(stage: str) -> None:
    kept: list[Array] = []

    def zeros_that_are_kept(name: str, values: Array, heads: Index | None, rows: Index) -> Array:
        kept.append(np.zeros_like(values))
        return kept[-1]

    recorded(story(), {stage: zeros_that_are_kept}, ("logits",))
    assert kept
    assert all(not values.any() for values in kept)


def test_what_was_recorded_before_stays_as_it_was() -> None:
    """In a post-norm block the output of a layer is the input of the next, the same array."""
    model = attncli.load_model(GOLDEN / "bert-tied")

    def in_place(name: str, values: Array, heads: Index | None, rows: Index) -> Array:
        values *= 0
        return values

    plain = recorded(model)
    found = recorded(model, {"layers.1.attn.input": in_place})
    np.testing.assert_array_equal(found["layers.0.resid.out"].values, plain["layers.0.resid.out"].values)
    assert not found["layers.1.attn.input"].values.any()


def test_a_head_whose_output_is_taken_out_is_missing_from_the_sum() -> None:
    def without_head_2(name: str, values: Array, heads: Index | None, rows: Index) -> Array:
        values[2] = 0
        return values

    plain = recorded(story(), stages=("heads", "*"))
    found = recorded(story(), {"layers.1.attn.heads": without_head_2}, ("heads", "*"))
    missing = plain["layers.1.attn.output"].values - found["layers.1.attn.output"].values
    np.testing.assert_allclose(missing, plain["layers.1.attn.heads"].values[2], atol=1e-5)


def test_logits_that_come_in_parts_are_told_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the probabilities are those of the changed logits, whole or only their top."""
    monkeypatch.setattr("attncli.model.forward.LOGITS", 30)  # two rows at a time

    def one_word(name: str, values: Array, heads: Index | None, rows: Index) -> Array:
        return np.where(np.arange(values.shape[1]) == rows[:, None], 0, -np.inf)

    whole = recorded(story(), {"logits": one_word}, ("logits", "probs"), queries=(1, 2, 4))
    expected = np.eye(13)[[1, 2, 4]]
    np.testing.assert_array_equal(whole["probs"].values, expected)
    np.testing.assert_array_equal(np.isfinite(whole["logits"].values), expected == 1)
    top = recorded(story(), {"logits": one_word}, ("probs",), queries=(1, 2, 4), top=1)
    assert top["probs"].ids is not None
    assert top["probs"].ids.tolist() == [[1], [2], [4]]


def test_of_several_functions_for_a_stage_each_takes_what_the_one_before_returned() -> None:
    def add_one(name: str, values: Array, heads: Index | None, rows: Index) -> Array:
        return values + 1

    found = recorded(story(), {"layers.0.mlp.output": zero, "layers.*.mlp.output": add_one}, ("mlp.output",))
    np.testing.assert_array_equal(found["layers.0.mlp.output"].values, 1)


def test_parts_that_are_handed_over_are_the_changed_ones() -> None:
    parts: list[Array] = []
    recorded(story(), {"weights": uniform}, ("weights",),
             on_part=lambda name, heads, rows, values: parts.append(values.copy()))  # fmt: skip
    assert {float(value) for values in parts for value in values.ravel()} == {float(np.float32(1 / 6))}


@pytest.mark.parametrize(("stage", "shape"), [("weights", [4, 6, 6]), ("embed", [6, 16]), ("logits", [6, 13])])
def test_another_shape_is_refused_by_the_name_of_the_stage_and_both_shapes(stage: str, shape: list[int]) -> None:
    with pytest.raises(AttnError) as error:
        recorded(story(), {stage: lambda name, values, heads, rows: values[..., :-1]})
    assert f"{stage} has shape {shape}" in str(error.value)
    assert f"returned shape {[*shape[:-1], shape[-1] - 1]}" in str(error.value)
    with pytest.raises(AttnError, match="returned nothing"):
        recorded(story(), {stage: lambda name, values, heads, rows: None})  # type: ignore[arg-type, return-value]


def test_a_stage_that_is_not_there_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(UsageError, match=r"attn\.weights"):
        recorded(story(), {"attn.wieghts": zero})
