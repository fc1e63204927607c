"""BLOOM."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Config, Family, older, without_prefix

BLOOM = {"hidden_size": 24, "n_layer": 2, "n_head": 3, "vocab_size": 41}


def as_published(config: Config) -> Config:
    """config.json as that of BLOOM-560m: other names for sizes, and fields of its training code."""
    config = older(config)
    config["n_embed"], config["num_attention_heads"] = config.pop("hidden_size"), config.pop("n_head")
    return config | {
        "attention_softmax_in_fp32": True, "bias_dropout_fusion": True, "masked_softmax_fusion": True,
        "offset_alibi": 100, "pretraining_tp": 2, "seq_length": 2048, "skip_bias_add": True,
        "skip_bias_add_qkv": False, "unk_token_id": 0, "n_inner": None,
    }  # fmt: skip


CASES = {
    "bloom-published": Case(BLOOM, config=as_published, tensors=without_prefix("transformer.")),
    "bloom-untied": Case(BLOOM | {"tie_word_embeddings": False, "n_head": 6, "layer_norm_epsilon": 1e-3}),
    "bloom-power": Case(BLOOM | {"n_head": 4, "n_layer": 3}, config=older, dtype="float16"),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    heads = draw.randint(1, 9)
    return {
        "n_head": heads,
        "hidden_size": heads * draw.randint(2, 9),
        "n_layer": draw.randint(1, 3),
        "layer_norm_epsilon": draw.choice([1e-5, 1e-2]),
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.h[layer]
    return {
        prefix + "attn.input": block.input_layernorm, prefix + "resid.mid": block.self_attention,
        prefix + "mlp.input": block.post_attention_layernorm, prefix + "mlp.hidden": block.mlp.dense_h_to_4h,
        prefix + "mlp.activated": block.mlp.gelu_impl, prefix + "mlp.output": block.mlp.dense_4h_to_h,
    }  # fmt: skip


FAMILY = Family("bloom", "BloomForCausalLM", "BloomModel", CASES, draw_fields, modules)
