"""StableLM."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Family, older, without
from tests.support.families.cohere import modules

STABLELM = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2,
            "intermediate_size": 31, "vocab_size": 45, "max_position_embeddings": 20,
            "pad_token_id": 0}  # fmt: skip
ROPE = {"rope_type": "default", "rope_theta": 300.0, "partial_rotary_factor": 0.75}

CASES = {
    "stablelm-biased": Case(STABLELM | {"use_qkv_bias": True, "rope_parameters": ROPE}, config=older),
    "stablelm-normed": Case(STABLELM | {"qk_layernorm": True, "tie_word_embeddings": True,
                                        "layer_norm_eps": 1e-2},
                            config=without("rope_parameters", "use_qkv_bias", "use_parallel_residual")),
    "stablelm-parallel": Case(STABLELM | {"use_parallel_residual": True, "qk_layernorm": True,
                                          "hidden_act": "gelu", "rope_parameters": ROPE}, dtype="bfloat16"),
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
        "hidden_act": draw.choice(["silu", "gelu"]),
        "layer_norm_eps": draw.choice([1e-5, 1e-2]),
        "use_qkv_bias": draw.random() < 0.5,
        "qk_layernorm": draw.random() < 0.5,
        "use_parallel_residual": draw.random() < 0.5,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": draw.choice([100.0, 10000.0]),
            "partial_rotary_factor": draw.choice([0.25, 0.5, 1.0]),
        },
    }


FAMILY = Family("stablelm", "StableLmForCausalLM", "StableLmModel", CASES, draw_fields, modules)
