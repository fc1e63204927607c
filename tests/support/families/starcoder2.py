"""StarCoder2."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Config, Family, older

STARCODER = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2,
             "intermediate_size": 17, "vocab_size": 41, "max_position_embeddings": 32}  # fmt: skip


def as_published(config: Config) -> Config:
    """config.json as that of StarCoder2-3B: with fields of its training code."""
    return older(config) | {
        "attention_softmax_in_fp32": True, "scale_attention_softmax_in_fp32": True, "scale_attn_weights": True,
        "layer_norm_epsilon": config["norm_epsilon"], "mlp_type": "default", "norm_type": "layer_norm",
    }  # fmt: skip


CASES = {
    "starcoder2-window": Case(STARCODER | {"sliding_window": 4, "norm_epsilon": 1e-3, "rope_parameters": {
        "rope_type": "default", "rope_theta": 900.0}}, config=as_published),
    "starcoder2-plain": Case(STARCODER | {"use_bias": False, "tie_word_embeddings": False, "hidden_act": "relu"}),
    "starcoder2-older": Case(STARCODER | {"num_key_value_heads": 3}, config=older, dtype="bfloat16"),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    kv_heads = draw.randint(1, 3)
    heads = kv_heads * draw.randint(1, 3)
    return {
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "hidden_size": 2 * heads * draw.randint(1, 5),
        "num_hidden_layers": draw.randint(1, 3),
        "intermediate_size": draw.randint(3, 40),
        "max_position_embeddings": POSITIONS,
        "sliding_window": draw.choice([None, 1, 5, 30]),
        "hidden_act": draw.choice(["gelu_pytorch_tanh", "gelu", "silu"]),
        "norm_epsilon": draw.choice([1e-5, 1e-2]),
        "use_bias": draw.random() < 0.5,
        "rope_parameters": {"rope_type": "default", "rope_theta": draw.choice([100.0, 10000.0])},
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.layers[layer]
    attention = block.self_attn
    return {
        prefix + "attn.input": block.input_layernorm, prefix + "attn.q": attention.q_proj,
        prefix + "attn.k": attention.k_proj,
        prefix + "attn.v": attention.v_proj, prefix + "attn.output": attention,
        prefix + "mlp.input": block.post_attention_layernorm, prefix + "mlp.hidden": block.mlp.c_fc,
        prefix + "mlp.output": block.mlp,
    }  # fmt: skip


FAMILY = Family("starcoder2", "Starcoder2ForCausalLM", "Starcoder2Model", CASES, draw_fields, modules)
