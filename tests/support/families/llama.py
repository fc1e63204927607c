"""Llama."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Family, older, oldest

LLAMA = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2,
         "intermediate_size": 30, "vocab_size": 47, "max_position_embeddings": 32}  # fmt: skip
LLAMA3 = {"rope_type": "llama3", "rope_theta": 5000.0, "factor": 8.0, "low_freq_factor": 1.0,
          "high_freq_factor": 4.0, "original_max_position_embeddings": 16}  # fmt: skip

YARN = {"rope_type": "yarn", "rope_theta": 5000.0, "factor": 4.0, "original_max_position_embeddings": 8}
LONGROPE = {"rope_type": "longrope", "rope_theta": 5000.0, "factor": 4.0, "original_max_position_embeddings": 8,
            "short_factor": [1.0, 1.5], "long_factor": [2.0, 6.0]}  # fmt: skip

CASES = {
    "llama-grouped": Case(LLAMA | {"head_dim": 10, "num_attention_heads": 3, "num_key_value_heads": 1}),
    "llama-tied": Case(LLAMA | {"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True},
                       config=older),
    "llama-linear": Case(LLAMA | {"rope_parameters": {"rope_type": "linear", "rope_theta": 900.0,
                                                      "factor": 2.5}}, config=oldest),
    "llama-llama3": Case(LLAMA | {"rope_parameters": LLAMA3}),
    "llama-llama3-older": Case(LLAMA | {"rope_parameters": LLAMA3, "rms_norm_eps": 1e-3}, config=older),
    "llama-dynamic": Case(LLAMA | {"max_position_embeddings": 6, "rope_parameters": {
        "rope_type": "dynamic", "rope_theta": 900.0, "factor": 2.5}}),
    "llama-dynamic-older": Case(LLAMA | {"max_position_embeddings": 6, "rope_parameters": {
        "rope_type": "dynamic", "rope_theta": 900.0, "factor": 2.5}}, config=older),
    "llama-yarn": Case(LLAMA | {"rope_parameters": YARN}),
    "llama-yarn-older": Case(LLAMA | {"rope_parameters": YARN | {"beta_fast": 4.0, "beta_slow": 0.5}},
                             config=older),
    "llama-longrope": Case(LLAMA | {"rope_parameters": LONGROPE}),
    "llama-longrope-short": Case(LLAMA | {"rope_parameters": LONGROPE | {"attention_factor": 1.3}}, config=older,
                                 input={"ids": [7, 3, 0, 7]}),
    "llama-bfloat16": Case(LLAMA, dtype="bfloat16", config=older),
    "llama-float16": Case(LLAMA, dtype="float16"),
    "llama-sharded": Case(LLAMA, dtype="bfloat16", shard_size="6KB"),
    "llama-bare": Case(LLAMA | {"hidden_act": "gelu"}, bare=True),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    kv_heads = draw.randint(1, 3)
    heads = kv_heads * draw.randint(1, 3)
    d_head = draw.choice([4, 6, 10])
    theta = draw.choice([100.0, 10000.0, 500000.0])
    rope = draw.choice([
        {"rope_type": "default"},
        {"rope_type": "linear", "factor": draw.uniform(1.5, 8)},
        {"rope_type": "llama3", "factor": draw.choice([2.0, 8.0, 32.0]), "low_freq_factor": 1.0,
         "high_freq_factor": 4.0, "original_max_position_embeddings": draw.choice([8, 64])},
        {"rope_type": "dynamic", "factor": draw.uniform(1.5, 8)},
        {"rope_type": "yarn", "factor": draw.choice([2.0, 8.0]), "truncate": draw.random() < 0.5,
         "original_max_position_embeddings": draw.choice([8, 64])},
        {"rope_type": "longrope", "factor": draw.choice([2.0, 8.0]), "original_max_position_embeddings": 8,
         "short_factor": [draw.uniform(1, 2) for _ in range(d_head // 2)],
         "long_factor": [draw.uniform(1, 9) for _ in range(d_head // 2)]},
    ])  # fmt: skip
    return {
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": d_head,
        "hidden_size": 2 * heads * draw.randint(1, 5),
        "num_hidden_layers": draw.randint(1, 3),
        "intermediate_size": draw.randint(3, 40),
        "max_position_embeddings": POSITIONS if rope["rope_type"] != "dynamic" else 9,
        "hidden_act": draw.choice(["silu", "gelu"]),
        "rms_norm_eps": draw.choice([1e-6, 1e-2]),
        "rope_parameters": rope | {"rope_theta": theta},
        "attention_bias": draw.random() < 0.5,
        "mlp_bias": draw.random() < 0.5,
    }


def draw_sizes(draw: random.Random) -> dict[str, Any]:
    """Sizes, and other fields of Llama that later families share."""
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
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.layers[layer]
    attention = block.self_attn
    return {
        prefix + "attn.input": block.input_layernorm, prefix + "attn.q": attention.q_proj,
        prefix + "attn.k": attention.k_proj,
        prefix + "attn.v": attention.v_proj, prefix + "attn.output": attention,
        prefix + "mlp.input": block.post_attention_layernorm, prefix + "mlp.gate": block.mlp.gate_proj,
        prefix + "mlp.hidden": block.mlp.up_proj, prefix + "mlp.output": block.mlp,
    }  # fmt: skip


FAMILY = Family("llama", "LlamaForCausalLM", "LlamaModel", CASES, draw_fields, modules)
