"""Falcon: its first files, and the bfloat16 of its position bias."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import attncli
from attncli.family.falcon import to_bfloat16
from tests.support.checkpoints import GOLDEN, changed_golden

FORMER_NAMES = {"num_attention_heads": "n_head", "num_kv_heads": "n_head_kv", "num_hidden_layers": "n_layer"}


def test_bfloat16_rounds_to_the_nearest_and_ties_to_even() -> None:
    exact = np.array([1.0, -2.5, 0.0, 256.0], np.float32)
    assert np.array_equal(to_bfloat16(exact), exact)
    half = 2.0**-8  # half of what lies between two numbers from 1 to 2
    given = np.array([1 + half, 1 + 3 * half, 1 + half * 1.01, 257, 259], np.float32)
    assert np.array_equal(to_bfloat16(given), np.array([1, 1 + 4 * half, 1 + 2 * half, 256, 260], np.float32))


@pytest.mark.parametrize(
    ("case", "model_type", "unknown_then"),
    [
        ("falcon-7b", "RefinedWebModel", {"num_kv_heads", "new_decoder_architecture", "num_ln_in_parallel_attn"}),
        (
            "falcon-alibi",
            "RefinedWebModel",
            {"num_kv_heads", "new_decoder_architecture", "num_ln_in_parallel_attn"},
        ),
        ("falcon-40b", "RefinedWeb", {"new_decoder_architecture", "num_ln_in_parallel_attn", "multi_query"}),
    ],
)
def test_the_first_files_of_falcon_are_read_by_their_names(
    tmp_path: Path, case: str, model_type: str, unknown_then: set[str]
) -> None:
    folder = changed_golden(case, tmp_path)
    fields = json.loads((folder / "config.json").read_text())
    former = {FORMER_NAMES.get(name, name): value for name, value in fields.items() if name not in unknown_then}
    (folder / "config.json").write_text(json.dumps(former | {"model_type": model_type}))
    found, expected = (attncli.trace(ids=[1, 2, 3], model=attncli.load_model(f)) for f in (folder, GOLDEN / case))
    assert found.keys() == expected.keys()
    for name, stage in expected.items():
        assert np.array_equal(found[name].values, stage.values), name
