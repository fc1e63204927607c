"""SmolLM3."""

from __future__ import annotations

import random
from typing import Any

from tests.families import POSITIONS, Case, Config, Family, older

SMOLLM3 = {"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 6, "num_key_value_heads": 2,
           "intermediate_size": 31, "vocab_size": 45, "max_position_embeddings": 20,
           "pad_token_id": 0}  # fmt: skip
ROPE = {"rope_type": "default", "rope_theta": 300.0}


def without_what_follows(config: Config) -> Config:
    """Which layers have what, by their number."""
    return {name: value for name, value in config.items() if name not in ("layer_types", "no_rope_layers")}


CASES = {
    "smollm3-listed": Case(SMOLLM3 | {"no_rope_layers": [0, 1, 0], "tie_word_embeddings": False,
                                      "rope_parameters": ROPE}, config=older),
    "smollm3-windows": Case(SMOLLM3 | {"no_rope_layer_interval": 2, "use_sliding_window": True,
                                       "sliding_window": 4, "attention_bias": True, "mlp_bias": True},
                            config=without_what_follows),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    kv_heads = draw.randint(1, 3)
    heads = kv_heads * draw.randint(1, 3)
    return {
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "hidden_size": heads * draw.choice([4, 6, 10]),
        "num_hidden_layers": draw.randint(1, 3),
        "intermediate_size": draw.randint(3, 40),
        "max_position_embeddings": POSITIONS,
        "pad_token_id": 0,
        "hidden_act": draw.choice(["silu", "gelu"]),
        "attention_bias": draw.random() < 0.5,
        "mlp_bias": draw.random() < 0.5,
        "rms_norm_eps": draw.choice([1e-6, 1e-2]),
        "no_rope_layer_interval": draw.randint(1, 4),
        "no_rope_layers": draw.choice([None, [draw.randint(0, 1) for _ in range(3)]]),
        "use_sliding_window": draw.random() < 0.5,
        "sliding_window": draw.choice([None, 3, 7]),
        "rope_parameters": {"rope_type": "default", "rope_theta": draw.choice([100.0, 10000.0])},
    }


def parts(body: Any, at: str, layer: int) -> dict[str, Any]:
    block = body.layers[layer]
    attention = block.self_attn
    return {
        at + "attn.q": attention.q_proj, at + "attn.k": attention.k_proj, at + "attn.v": attention.v_proj,
        at + "attn.output": attention, at + "mlp.gate": block.mlp.gate_proj,
        at + "mlp.hidden": block.mlp.up_proj, at + "mlp.output": block.mlp,
        at + "attn.input": block.input_layernorm, at + "mlp.input": block.post_attention_layernorm,
    }  # fmt: skip


FAMILY = Family("smollm3", "SmolLM3ForCausalLM", "SmolLM3Model", CASES, draw_fields, parts)
