"""Falcon."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Config, Family, older, without_prefix

FALCON = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 6, "ffn_hidden_size": 17,
          "vocab_size": 41, "max_position_embeddings": 13}  # fmt: skip
REFINED_WEB = FALCON | {
    "num_attention_heads": 12,
    "alibi": True,
    "parallel_attn": False,
    "multi_query": False,
    "bias": True,
}


def as_published(config: Config) -> Config:
    """config.json as that of Falcon-7B: without the sizes that follow from others."""
    config = older(config)
    for name in ("num_kv_heads", "num_ln_in_parallel_attn", "max_position_embeddings", "rope_scaling",
                 "rope_theta"):  # fmt: skip
        del config[name]
    return config | {"apply_residual_connection_post_layernorm": False}


CASES = {
    "falcon-7b": Case(FALCON, config=as_published),
    "falcon-40b": Case(FALCON | {"new_decoder_architecture": True, "num_kv_heads": 2, "tie_word_embeddings": False,
                                 "layer_norm_epsilon": 1e-3}, config=older),
    "falcon-11b": Case(FALCON | {"new_decoder_architecture": True, "num_kv_heads": 3, "activation": "relu",
                                 "num_ln_in_parallel_attn": 1, "rope_parameters": {
                                     "rope_type": "linear", "rope_theta": 500.0, "factor": 3.0}}),
    "falcon-alibi": Case(REFINED_WEB, tensors=without_prefix("transformer."), config=older,
                         input={"ids": [7 * k % 41 for k in range(24)]}),
}  # fmt: skip


def add_alibi_once(model: Any) -> None:
    """Eager attention adds ALiBi twice, because the mask contains it too. The other implementations add it
    once."""
    import torch

    def without(module: Any, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return args, kwargs | {"alibi": torch.zeros_like(kwargs["alibi"])}

    if model.config.alibi:
        for block in getattr(model, "transformer", model).h:
            block.self_attention.register_forward_pre_hook(without, with_kwargs=True)


def draw_fields(draw: random.Random) -> dict[str, Any]:
    kv_heads, new = draw.randint(1, 3), draw.random() < 0.5
    heads = kv_heads * draw.randint(1, 3)
    return {
        "num_attention_heads": heads,
        "num_kv_heads": kv_heads if new else None,
        "new_decoder_architecture": new,
        "num_ln_in_parallel_attn": draw.choice([None, 1, 2]) if new else None,
        "multi_query": draw.random() < 0.5,
        "parallel_attn": new or draw.random() < 0.5,
        "alibi": draw.random() < 0.4,
        "bias": draw.random() < 0.5,
        "hidden_size": 2 * heads * draw.randint(1, 5),
        "num_hidden_layers": draw.randint(1, 3),
        "ffn_hidden_size": draw.choice([None, 7, 40]),
        "max_position_embeddings": POSITIONS,
        "activation": draw.choice(["gelu", "relu", "gelu_new"]),
        "layer_norm_epsilon": draw.choice([1e-5, 1e-2]),
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.h[layer]
    return {
        prefix + "attn.output": block.self_attention, prefix + "mlp.hidden": block.mlp.dense_h_to_4h,
        prefix + "mlp.activated": block.mlp.act,
    }  # fmt: skip


FAMILY = Family("falcon", "FalconForCausalLM", "FalconModel", CASES, draw_fields, modules, mend=add_alibi_once)
