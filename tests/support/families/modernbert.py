"""ModernBERT."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Config, Family

MODERNBERT = {"hidden_size": 24, "num_hidden_layers": 4, "num_attention_heads": 3, "intermediate_size": 22,
              "vocab_size": 43, "max_position_embeddings": 14, "local_attention": 5, "pad_token_id": 0,
              "cls_token_id": 1, "bos_token_id": 1, "sep_token_id": 2, "eos_token_id": 2}  # fmt: skip


def as_first_published(config: Config) -> Config:
    rope = config.pop("rope_parameters")
    del config["layer_types"]
    config["torch_dtype"] = config.pop("dtype")
    return config | {
        "global_rope_theta": rope["full_attention"]["rope_theta"],
        "local_rope_theta": rope["sliding_attention"]["rope_theta"],
        "global_attn_every_n_layers": 3,
        "layer_norm_eps": 1e-5,
        "position_embedding_type": "absolute",
        "reference_compile": None,
    }


def bases(whole: float, window: float) -> dict[str, Any]:
    return {
        "full_attention": {"rope_type": "default", "rope_theta": whole},
        "sliding_attention": {"rope_type": "default", "rope_theta": window},
    }


CASES = {
    "modernbert-tied": Case(MODERNBERT | {"rope_parameters": bases(900.0, 50.0)}, config=as_first_published),
    "modernbert-biased": Case(MODERNBERT | {
        "tie_word_embeddings": False, "norm_bias": True, "attention_bias": True, "mlp_bias": True,
        "classifier_bias": True, "classifier_activation": "relu", "hidden_activation": "silu", "norm_eps": 1e-3,
        "layer_types": ["sliding_attention", "sliding_attention", "full_attention", "sliding_attention"]}),
    "modernbert-unbiased": Case(MODERNBERT | {"decoder_bias": False, "local_attention": 2, "num_hidden_layers": 2,
                                              "rope_parameters": bases(50.0, 900.0)}),
    "modernbert-bare": Case(MODERNBERT, bare=True),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    heads, layers = draw.randint(1, 4), draw.randint(1, 4)
    kinds = ["full_attention", "sliding_attention"]
    return {
        "num_attention_heads": heads,
        "hidden_size": 2 * heads * draw.randint(1, 6),
        "num_hidden_layers": layers,
        "intermediate_size": draw.randint(3, 40),
        "max_position_embeddings": POSITIONS,
        "local_attention": draw.randint(2, 20),
        "layer_types": draw.choice([None, [draw.choice(kinds) for _ in range(layers)]]),
        "rope_parameters": bases(draw.choice([100.0, 160000.0]), draw.choice([10.0, 10000.0])),
        "hidden_activation": draw.choice(["gelu", "silu"]),
        "norm_eps": draw.choice([1e-5, 1e-2]),
        "pad_token_id": 0, "cls_token_id": 1, "bos_token_id": 1, "sep_token_id": 2, "eos_token_id": 2,
        **{f"{name}_bias": draw.random() < 0.5 for name in ("norm", "attention", "mlp", "decoder", "classifier")},
    }  # fmt: skip


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.layers[layer]
    return {
        prefix + "attn.input": block.attn_norm, prefix + "attn.output": block.attn,
        prefix + "mlp.input": block.mlp_norm, prefix + "mlp.output": block.mlp,
    }  # fmt: skip


FAMILY = Family("modernbert", "ModernBertForMaskedLM", "ModernBertModel", CASES, draw_fields, modules)
