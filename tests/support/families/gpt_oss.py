"""gpt-oss."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Config, Family, older, without

GPT_OSS = {"hidden_size": 20, "num_hidden_layers": 3, "num_attention_heads": 6, "num_key_value_heads": 2,
           "head_dim": 8, "intermediate_size": 13, "vocab_size": 45, "max_position_embeddings": 64,
           "num_local_experts": 5, "num_experts_per_tok": 2, "sliding_window": 3, "swiglu_limit": 0.8,
           "swiglu_alpha": 1.3}  # fmt: skip
YARN = {"rope_type": "yarn", "rope_theta": 500.0, "factor": 4.0, "beta_fast": 4.0, "beta_slow": 0.5,
        "truncate": False, "original_max_position_embeddings": 16}  # fmt: skip


def with_old_fields(config: Config) -> Config:
    return older(config) | {"experts_per_token": 2, "initial_context_length": 16}


USUAL = ("layer_types", "rope_parameters", "swiglu_alpha", "swiglu_limit", "attention_bias")


CASES = {
    "gpt-oss-yarn": Case(GPT_OSS | {"rope_parameters": YARN}, config=with_old_fields),
    "gpt-oss-plain": Case(GPT_OSS | {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0},
                                     "attention_bias": False, "tie_word_embeddings": True,
                                     "layer_types": ["full_attention", "sliding_attention", "sliding_attention"]}),
    "gpt-oss-unsaid": Case(GPT_OSS | {"swiglu_limit": 7.0, "swiglu_alpha": 1.702}, dtype="bfloat16",
                           config=without(*USUAL)),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    kv_heads, layers, experts = draw.randint(1, 3), draw.randint(1, 3), draw.randint(1, 6)
    rope = draw.choice([
        {"rope_type": "default"},
        {"rope_type": "yarn", "factor": draw.choice([2.0, 8.0]), "truncate": draw.random() < 0.5,
         "original_max_position_embeddings": draw.choice([8, 64])},
    ])  # fmt: skip
    return {
        "num_attention_heads": kv_heads * draw.randint(1, 3),
        "num_key_value_heads": kv_heads,
        "head_dim": draw.choice([4, 6, 10]),
        "hidden_size": draw.randint(5, 30),
        "num_hidden_layers": layers,
        "intermediate_size": draw.randint(3, 20),
        "num_local_experts": experts,
        "num_experts_per_tok": draw.randint(1, experts),
        "sliding_window": draw.choice([1, 4, 9]),
        "layer_types": draw.choice([None, [draw.choice(["full_attention", "sliding_attention"])] * layers]),
        "max_position_embeddings": POSITIONS,
        "rms_norm_eps": draw.choice([1e-5, 1e-2]),
        "attention_bias": draw.random() < 0.5,
        "swiglu_limit": draw.choice([0.7, 7.0]),
        "swiglu_alpha": draw.choice([0.5, 1.702]),
        "rope_parameters": rope | {"rope_theta": draw.choice([100.0, 150000.0])},
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.layers[layer]
    attention = block.self_attn
    return {
        prefix + "attn.input": block.input_layernorm, prefix + "attn.q": attention.q_proj,
        prefix + "attn.k": attention.k_proj,
        prefix + "attn.v": attention.v_proj, prefix + "attn.output": attention,
        prefix + "mlp.input": block.post_attention_layernorm, prefix + "mlp.output": block.mlp,
    }  # fmt: skip


FAMILY = Family("gpt_oss", "GptOssForCausalLM", "GptOssModel", CASES, draw_fields, modules)
