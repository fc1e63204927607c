"""Traits of a family that are not supported are refused by their name; sizes go by either of their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import attncli
from attncli.errors import AttnError
from tests.support.checkpoints import changed_golden


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
        attncli.load_model(changed_golden(case, tmp_path, **fields))
    assert says in str(refused.value)


def test_a_fused_matrix_that_cannot_be_shared_out_is_refused(tmp_path: Path) -> None:
    model = attncli.load_model(changed_golden("gpt-bigcode-shared", tmp_path, multi_query=False))
    with pytest.raises(AttnError, match=r"c_attn.weight has shape \[25, 15\]"):
        attncli.trace(ids=[1], model=model)
