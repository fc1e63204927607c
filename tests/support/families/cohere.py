"""Cohere's Command R."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Config, Family, older, without
from tests.support.families.llama import draw_sizes

COHERE = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2,
          "intermediate_size": 31, "vocab_size": 45, "max_position_embeddings": 20,
          "pad_token_id": 0}  # fmt: skip
ROPE = {"rope_type": "default", "rope_theta": 300.0}


def without_what_is_usual(config: Config) -> Config:
    return without("rope_parameters", "logit_scale")(config) | {"model_max_length": 131072}


CASES = {
    "cohere-tied": Case(COHERE | {"logit_scale": 0.3, "rope_parameters": ROPE}, config=older),
    "cohere-normed": Case(COHERE | {"use_qk_norm": True, "attention_bias": True, "tie_word_embeddings": False,
                                    "layer_norm_eps": 1e-2},
                          config=without_what_is_usual),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    return draw_sizes(draw) | {
        "layer_norm_eps": draw.choice([1e-5, 1e-2]),
        "use_qk_norm": draw.random() < 0.5,
        "logit_scale": draw.choice([0.0625, 1.0, 3.0]),
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
        prefix + "attn.input": block.input_layernorm,
    }  # fmt: skip


FAMILY = Family("cohere", "CohereForCausalLM", "CohereModel", CASES, draw_fields, modules)
