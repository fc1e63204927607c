"""The numbers are those of `transformers`: golden files made by tests/golden/make.py."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import attncli
from attncli.family import FAMILIES
from tests.conftest import Run, text_of
from tests.support.families import families
from tests.support.oracle import assert_agrees

CASES = sorted(file.parent for file in Path(__file__).parent.parent.glob("golden/*/expected.safetensors"))


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_every_stage_is_that_of_the_reference(folder: Path) -> None:
    given = json.loads((folder / "input.json").read_text("utf-8"))
    assert_agrees(folder, given, load_file(folder / "expected.safetensors"))


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_the_command_line_gives_the_same_in_json(attn: Run, folder: Path) -> None:
    given = json.loads((folder / "input.json").read_text("utf-8"))
    ids, target = given["ids"], given.get("target_ids")
    model = attncli.load_model(folder)
    stack = model.spec.main
    command = ["--ids", ",".join(map(str, ids)), "-m", str(folder), "--layer", "-1", "--head", "all"]
    command += [] if target is None else ["--target-ids", ",".join(map(str, target))]
    document = json.loads(text_of(attn("explain", *command, "--stage", f"{stack.prefix}attn.weights", "--json")))
    name = f"{stack.prefix}layers.{len(stack.layers) - 1}.attn.weights"
    (stage,) = document["stages"]
    assert stage["name"] == name
    expected = attncli.trace(ids=ids, target_ids=target, model=model, stages=[name])[name].values
    assert np.array_equal(np.array(stage["values"], np.float32), expected)


@pytest.mark.parametrize("folder", [f for f in CASES if (f / "ids.json").exists()], ids=lambda folder: folder.name)
def test_vocabulary_files_of_old_give_the_ids_of_the_reference(folder: Path) -> None:
    model = attncli.load_model(folder)
    for text, ids in json.loads((folder / "ids.json").read_text("utf-8")).items():
        assert list(attncli.tokenize(model, text).ids) == ids, text


def test_every_family_has_its_golden_files() -> None:
    known = families()
    assert set(known) == set(FAMILIES)
    assert {folder.name for folder in CASES} == {case for family in known.values() for case in family.cases}
