"""Heads named with their layer, as maps write them: 2.1 is head 1 of layer 2."""

from __future__ import annotations

import json

import numpy as np
import pytest

import attncli
from attncli.errors import UsageError
from tests.conftest import Run, error_of, text_of

SENTENCE = "The cat sat on the mat"  # by the story model: 4 layers of 4 heads


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("2.1", {2: [1]}),
        ("2.1,3.0", {2: [1], 3: [0]}),
        ("0.3,0.1,2.2", {0: [1, 3], 2: [2]}),
        ("2.*", {2: [0, 1, 2, 3]}),
        ("*.3", {0: [3], 1: [3], 2: [3], 3: [3]}),
        ("-1.-2", {3: [2]}),
        ("1-2.0-1", {1: [0, 1], 2: [0, 1]}),
        ("all.0", {0: [0], 1: [0], 2: [0], 3: [0]}),
    ],
)
def test_a_head_is_named_with_its_layer(attn: Run, asked: str, shown: dict[int, list[int]]) -> None:
    for option in ("--head", "--layer"):
        stages = json.loads(text_of(attn("explain", SENTENCE, option, asked, "--stage", "weights", "--json")))
        assert {stage["layer"]: stage["heads"] for stage in stages["stages"]} == shown
    maps = json.loads(text_of(attn("map", SENTENCE, "--head", asked, "--json")))["sections"][0]["maps"]
    assert [(m["layer"], m["head"]) for m in maps] == [(at, head) for at, heads in shown.items() for head in heads]


def test_the_numbers_are_those_of_the_whole_model() -> None:
    whole = attncli.trace(SENTENCE, stages=["weights", "k", "heads"])
    some = attncli.trace(SENTENCE, stages=["weights", "k", "heads"], heads="0.1,3.0,3.2")
    assert {stage.layer for stage in some.stages.values()} == {0, 3}
    for name, stage in some.stages.items():
        heads = [1] if stage.layer == 0 else [0, 2]
        np.testing.assert_allclose(stage.values, whole.stages[name].values[heads], atol=1e-6)


def test_each_named_head_is_followed(attn: Run) -> None:
    done = attn("explain", SENTENCE, "--head", "1.0,3.2", "--query", "cat", "--json")
    assert [(row["layer"], row["head"]) for row in json.loads(text_of(done))["examples"]] == [(1, 0), (3, 2)]
    rows = attncli.follow(SENTENCE, "cat", heads="1.0,3.2")
    assert [(row.path, row.head) for row in rows] == [("layers.1.attn", 0), ("layers.3.attn", 2)]


def test_a_layer_may_be_a_glob(attn: Run) -> None:
    stages = json.loads(text_of(attn("explain", SENTENCE, "--layer", "*", "--stage", "weights", "--json")))
    assert [stage["layer"] for stage in stages["stages"]] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--head", "2.9"), "head 9 of layer 2 is out of range: 0 to 3, or -1 for the last"),
        (("--head", "9.1"), "layer 9 is out of range: 0 to 3"),
        (("--head", "1,2.3"), "'1' names no layer, and others do"),
        (("--head", "2."), "--head '2.' is not a layer and a head"),
        (("--head", "2.1", "--layer", "1"), "--head 2.1 names its layers, and --layer 1 is given too"),
        (("--head", "1", "--layer", "2.1"), "--layer 2.1 and --head 1 both name heads"),
        (("--layer", "0..3"), "--layer '0..3': give numbers as in 0,2-3"),
        (("--head", "0..3"), "--head '0..3': give numbers as in 0,2-3"),
        (("--head", "2.1", "--stage", "layers.0.attn.weights"), "names no head of layer 0"),
    ],
)
def test_a_wrong_head_is_refused(attn: Run, arguments: tuple[str, ...], said: str) -> None:
    assert said in error_of(attn("explain", SENTENCE, *arguments), 2)


def test_python_says_the_same() -> None:
    with pytest.raises(UsageError, match="names its layers"):
        attncli.trace(SENTENCE, layers=1, heads="2.1")
