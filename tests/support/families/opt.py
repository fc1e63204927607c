"""OPT."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Config, Family, Tensors, older

OPT = {"hidden_size": 15, "num_hidden_layers": 2, "num_attention_heads": 3, "ffn_dim": 17, "vocab_size": 41,
       "max_position_embeddings": 13}  # fmt: skip


def as_published(config: Config) -> Config:
    """config.json as that of OPT-125m: with fields of its training code."""
    return older(config) | {"activation_dropout": 0.0, "prefix": "</s>"}


def of_the_decoder(tensors: Tensors) -> Tensors:
    """The first conversions had no `model.` before the decoder."""
    return {name.removeprefix("model."): t for name, t in tensors.items()}


CASES = {
    "opt-published": Case(OPT, config=as_published),
    "opt-350m": Case(OPT | {"do_layer_norm_before": False, "word_embed_proj_dim": 7}, config=older),
    "opt-untied": Case(OPT | {"tie_word_embeddings": False, "enable_bias": False, "activation_function": "gelu",
                              "layer_norm_elementwise_affine": False, "word_embed_proj_dim": 20}),
    "opt-no-last-norm": Case(OPT | {"_remove_final_layer_norm": True}, tensors=of_the_decoder),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    heads = draw.randint(1, 5)
    return {
        "num_attention_heads": heads,
        "hidden_size": heads * draw.randint(2, 9),
        "num_hidden_layers": draw.randint(1, 3),
        "ffn_dim": draw.randint(3, 40),
        "max_position_embeddings": POSITIONS,
        "activation_function": draw.choice(["relu", "gelu"]),
        "word_embed_proj_dim": draw.choice([None, 6, 50]),
        "do_layer_norm_before": draw.random() < 0.5,
        "_remove_final_layer_norm": draw.random() < 0.3,
        "enable_bias": draw.random() < 0.5,
        "layer_norm_elementwise_affine": draw.random() < 0.5,
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.decoder.layers[layer]
    attention = block.self_attn
    return {
        prefix + "attn.q": attention.q_proj, prefix + "attn.k": attention.k_proj,
        prefix + "attn.v": attention.v_proj,
        prefix + "attn.output": attention,
    }  # fmt: skip


FAMILY = Family("opt", "OPTForCausalLM", "OPTModel", CASES, draw_fields, modules)
