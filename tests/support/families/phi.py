"""Phi 1 and 2."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Family, older, without

PHI = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1,
       "intermediate_size": 31, "vocab_size": 45, "max_position_embeddings": 20, "pad_token_id": 0}  # fmt: skip

CASES = {
    "phi-grouped": Case(PHI | {"rope_parameters": {"rope_type": "default", "rope_theta": 300.0,
                                                   "partial_rotary_factor": 0.75}}, config=older),
    "phi-normed": Case(PHI | {"qk_layernorm": True, "layer_norm_eps": 1e-2, "hidden_act": "relu"}),
    "phi-tied": Case(PHI | {"tie_word_embeddings": True, "num_key_value_heads": None},
                     config=without("rope_parameters", "num_key_value_heads", "layer_norm_eps")),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    kv_heads = draw.randint(1, 3)
    heads = kv_heads * draw.randint(1, 3)
    return {
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "hidden_size": heads * draw.choice([8, 16]),
        "num_hidden_layers": draw.randint(1, 3),
        "intermediate_size": draw.randint(3, 40),
        "max_position_embeddings": POSITIONS,
        "pad_token_id": 0,
        "hidden_act": draw.choice(["gelu_new", "gelu", "relu"]),
        "layer_norm_eps": draw.choice([1e-5, 1e-2]),
        "qk_layernorm": draw.random() < 0.5,
        "rope_parameters": {"rope_type": "default", "rope_theta": draw.choice([100.0, 10000.0]),
                            "partial_rotary_factor": draw.choice([0.25, 0.5, 1.0])},
    }  # fmt: skip


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.layers[layer]
    attention = block.self_attn
    return {
        prefix + "attn.input": block.input_layernorm, prefix + "attn.q": attention.q_proj,
        prefix + "attn.k": attention.k_proj,
        prefix + "attn.v": attention.v_proj, prefix + "attn.output": attention,
        prefix + "mlp.hidden": block.mlp.fc1, prefix + "mlp.output": block.mlp,
    }  # fmt: skip


FAMILY = Family("phi", "PhiForCausalLM", "PhiModel", CASES, draw_fields, modules)
