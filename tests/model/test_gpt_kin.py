"""The kin of GPT-2: traits that are not supported are refused by their name; sizes go by either of their names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attncli
from attncli.errors import AttnError
from attncli.family.falcon import to_bfloat16
from attncli.family.mpt import slopes

GOLDEN = Path(__file__).parent.parent / "golden"


def changed(case: str, folder: Path, **fields: Any) -> Path:
    """A golden checkpoint whose config.json says something else; None takes a field out."""
    shutil.copytree(GOLDEN / case, folder / "model")
    file = folder / "model" / "config.json"
    config = json.loads(file.read_text()) | fields
    file.write_text(json.dumps({name: value for name, value in config.items() if value is not None}))
    return folder / "model"


@pytest.mark.parametrize(
    ("case", "fields", "says"),
    [
        ("gpt-neox-parallel", {"rope_theta": 5.0}, "rope_theta = 5.0"),
        ("gpt-neox-parallel", {"rotary_pct": 0.4}, "even number of dimensions, not 3"),
        ("gptj-published", {"rotary": False}, "rotary = False"),
        ("gptj-published", {"rotary_dim": 10}, "rotary_dim = 10"),
        ("gptj-published", {"rotary_dim": 3}, "rotary_dim = 3"),
        ("gptj-published", {"hidden_size": 48}, "n_embd = 24 and hidden_size = 48"),
        ("gpt-neo-windows", {"attention_types": [[["far"], 3]]}, "'far'"),
        (
            "gpt-neo-windows",
            {"attention_types": [[["global"], 2]]},
            "attention_types must list a type for each of the 3 layers, but it lists 2",
        ),
        ("opt-published", {"scale_embeddings": True}, "scale_embeddings"),
        ("bloom-published", {"apply_residual_connection_post_layernorm": True}, "post_layernorm = True"),
        ("falcon-7b", {"num_ln_in_parallel_attn": 2}, "num_ln_in_parallel_attn = 2"),
        ("falcon-40b", {"parallel_attn": False}, "parallel_attn = False"),
        ("falcon-40b", {"num_kv_heads": 4}, "num_kv_heads = 4"),
        ("mpt-published", {"logit_scale": 2.0}, "logit_scale = 2.0"),
        ("mpt-published", {"norm_type": "rmsnorm"}, "norm_type = 'rmsnorm'"),
        ("mpt-published", {"attn_config": {"qk_ln": True}}, "qk_ln = True"),
        ("mpt-published", {"attn_config": {"alibi": False}}, "alibi = False"),
        ("mpt-published", {"attn_config": {"rope": True}}, "'rope' = True"),
        ("mpt-published", {"attn_config": "none"}, "attn_config is 'none'"),
        ("gpt-bigcode-shared", {"num_key_value_heads": 3}, "num_key_value_heads = 3"),
        ("gpt-bigcode-shared", {"add_cross_attention": True}, "add_cross_attention = True"),
        ("starcoder2-window", {"layer_norm_epsilon": 0.5}, "layer_norm_epsilon = 0.5"),
        ("starcoder2-window", {"mlp_type": "gated"}, "mlp_type = 'gated'"),
        ("starcoder2-window", {"num_key_value_heads": None}, "'num_key_value_heads' is missing"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(
    tmp_path: Path, case: str, fields: dict[str, Any], says: str
) -> None:
    with pytest.raises(AttnError) as refused:
        attncli.load_model(changed(case, tmp_path, **fields))
    assert says in str(refused.value)


def test_a_fused_matrix_that_cannot_be_shared_out_is_refused(tmp_path: Path) -> None:
    model = attncli.load_model(changed("gpt-bigcode-shared", tmp_path, multi_query=False))
    with pytest.raises(AttnError, match=r"c_attn.weight has shape \[25, 15\]"):
        attncli.trace(ids=[1], model=model)


def test_a_field_within_a_field_can_be_ignored(tmp_path: Path) -> None:
    folder = changed("mpt-published", tmp_path, attn_config={"new": 1})
    with pytest.raises(AttnError, match="new"):
        attncli.load_model(folder)
    assert attncli.load_model(folder, ignore_config=["new"]).spec.family == "mpt"


def test_slopes_of_mpt_are_steep_first_and_shallow_after() -> None:
    np.testing.assert_allclose(slopes(4, 8), [2**-2, 2**-4, 2**-6, 2**-8])
    np.testing.assert_allclose(slopes(3, 8), [2**-4, 2**-8, 2**-2])
    np.testing.assert_allclose(slopes(2, 16), [2**-8, 2**-16])


def test_bfloat16_rounds_to_the_nearest_and_ties_to_even() -> None:
    exact = np.array([1.0, -2.5, 0.0, 256.0], np.float32)
    assert np.array_equal(to_bfloat16(exact), exact)
    half = 2.0**-8  # half of what lies between two numbers from 1 to 2
    given = np.array([1 + half, 1 + 3 * half, 1 + half * 1.01, 257, 259], np.float32)
    assert np.array_equal(to_bfloat16(given), np.array([1, 1 + 4 * half, 1 + 2 * half, 256, 260], np.float32))


FORMER_NAMES = {"num_attention_heads": "n_head", "num_kv_heads": "n_head_kv", "num_hidden_layers": "n_layer"}


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
    folder = changed(case, tmp_path)
    fields = json.loads((folder / "config.json").read_text())
    former = {FORMER_NAMES.get(name, name): value for name, value in fields.items() if name not in unknown_then}
    (folder / "config.json").write_text(json.dumps(former | {"model_type": model_type}))
    found, expected = (attncli.trace(ids=[1, 2, 3], model=attncli.load_model(f)) for f in (folder, GOLDEN / case))
    assert found.keys() == expected.keys()
    for name, stage in expected.items():
        assert np.array_equal(found[name].values, stage.values), name


def test_scores_that_are_not_scaled_are_not_said_to_be() -> None:
    model = attncli.load_model(GOLDEN / "gpt-neo-bare")
    (stage,) = attncli.trace(ids=[1, 2], model=model, stages=["layers.0.attn.scaled"]).stages.values()
    assert (stage.formula, stage.meaning) == ("S' = S", "the scores as they are")
