"""OLMo 2."""

from __future__ import annotations

import random
from typing import Any

from tests.families import POSITIONS, Case, Family, older

OLMO2 = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2,
         "intermediate_size": 31, "vocab_size": 45, "max_position_embeddings": 20,
         "pad_token_id": 0}  # fmt: skip
ROPE = {"rope_type": "default", "rope_theta": 300.0}

CASES = {
    "olmo2-older": Case(OLMO2 | {"rope_parameters": ROPE, "rms_norm_eps": 1e-2}, config=older),
    "olmo2-biased": Case(OLMO2 | {"attention_bias": True, "tie_word_embeddings": True}),
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
        "rms_norm_eps": draw.choice([1e-6, 1e-2]),
        "rope_parameters": {"rope_type": "default", "rope_theta": draw.choice([100.0, 10000.0])},
    }


def parts(body: Any, at: str, layer: int) -> dict[str, Any]:
    block = body.layers[layer]
    attention = block.self_attn
    return {
        at + "attn.q": attention.q_proj, at + "attn.k": attention.k_proj, at + "attn.v": attention.v_proj,
        at + "attn.output": attention, at + "mlp.gate": block.mlp.gate_proj,
        at + "mlp.hidden": block.mlp.up_proj, at + "mlp.output": block.mlp,
        at + "attn.output_normed": block.post_attention_layernorm,
        at + "mlp.output_normed": block.post_feedforward_layernorm,
    }  # fmt: skip


FAMILY = Family("olmo2", "Olmo2ForCausalLM", "Olmo2Model", CASES, draw_fields, parts)
