"""OLMo 2."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Family, older, without
from tests.support.families.llama import draw_sizes

OLMO2 = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2,
         "intermediate_size": 31, "vocab_size": 45, "max_position_embeddings": 20,
         "pad_token_id": 0}  # fmt: skip
ROPE = {"rope_type": "default", "rope_theta": 300.0}

CASES = {
    "olmo2-older": Case(OLMO2 | {"rope_parameters": ROPE, "rms_norm_eps": 1e-2}, config=older),
    "olmo2-biased": Case(OLMO2 | {"attention_bias": True, "tie_word_embeddings": True},
                         config=without("rms_norm_eps", "rope_parameters")),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    return draw_sizes(draw) | {
        "rms_norm_eps": draw.choice([1e-6, 1e-2]),
        "rope_parameters": {"rope_type": "default", "rope_theta": draw.choice([100.0, 10000.0])},
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.layers[layer]
    attention = block.self_attn
    return {
        prefix + "attn.q": attention.q_proj, prefix + "attn.k": attention.k_proj,
        prefix + "attn.v": attention.v_proj,
        prefix + "attn.output": attention, prefix + "mlp.gate": block.mlp.gate_proj,
        prefix + "mlp.hidden": block.mlp.up_proj, prefix + "mlp.output": block.mlp,
        prefix + "attn.output_normed": block.post_attention_layernorm,
        prefix + "mlp.output_normed": block.post_feedforward_layernorm,
    }  # fmt: skip


FAMILY = Family("olmo2", "Olmo2ForCausalLM", "Olmo2Model", CASES, draw_fields, modules)
