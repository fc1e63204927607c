"""Phi 3 and 4."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Config, Family, older, oldest, without

PHI3 = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1,
        "intermediate_size": 31, "vocab_size": 45, "max_position_embeddings": 32, "pad_token_id": 0,
        "original_max_position_embeddings": 8}  # fmt: skip
LONGROPE = {"rope_type": "longrope", "rope_theta": 300.0, "partial_rotary_factor": 0.75,
            "short_factor": [1.0, 1.2, 1.5], "long_factor": [1.1, 2.0, 6.0]}  # fmt: skip


def named_su(config: Config) -> Config:
    """With the former name of longrope, `su`."""
    config = oldest(config)
    config["rope_scaling"]["type"] = "su"
    return config | {"attention_bias": False}


def without_original(config: Config) -> Config:
    """The default of the field wins over that in rope_scaling (modeling_rope_utils, standardize_rope_params)."""
    return without("original_max_position_embeddings")(older(config))


CASES = {
    "phi3-window": Case(PHI3 | {"sliding_window": 4, "num_attention_heads": 6, "num_key_value_heads": 2},
                        config=older),
    "phi3-long": Case(PHI3 | {"rope_parameters": LONGROPE, "tie_word_embeddings": True}),
    "phi3-su": Case(PHI3 | {"rope_parameters": LONGROPE, "rms_norm_eps": 1e-2}, config=named_su),
    "phi3-unsaid": Case(PHI3 | {"rope_parameters": LONGROPE}, config=without_original),
    "phi3-short": Case(PHI3 | {"rope_parameters": LONGROPE | {"attention_factor": 1.3}}, config=older,
                       input={"ids": [7, 3, 0, 7, 21, 3, 18]}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    kv_heads = draw.randint(1, 3)
    heads = kv_heads * draw.randint(1, 3)
    partial = draw.choice([0.5, 1.0])
    pairs = int(8 * partial) // 2
    rope = draw.choice([
        {"rope_type": "default"},
        {"rope_type": "longrope", "short_factor": [draw.uniform(1, 2) for _ in range(pairs)],
         "long_factor": [draw.uniform(1, 9) for _ in range(pairs)]},
    ])  # fmt: skip
    return {
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "hidden_size": heads * 8,
        "num_hidden_layers": draw.randint(1, 3),
        "intermediate_size": draw.randint(3, 40),
        "max_position_embeddings": POSITIONS,
        "original_max_position_embeddings": draw.choice([8, 12]),
        "pad_token_id": 0,
        "sliding_window": draw.choice([None, 3, 7]),
        "rms_norm_eps": draw.choice([1e-5, 1e-2]),
        "rope_parameters": rope | {"rope_theta": draw.choice([100.0, 10000.0]), "partial_rotary_factor": partial},
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.layers[layer]
    return {
        prefix + "attn.input": block.input_layernorm, prefix + "attn.output": block.self_attn,
        prefix + "mlp.input": block.post_attention_layernorm, prefix + "mlp.output": block.mlp,
    }  # fmt: skip


FAMILY = Family("phi3", "Phi3ForCausalLM", "Phi3Model", CASES, draw_fields, modules)
