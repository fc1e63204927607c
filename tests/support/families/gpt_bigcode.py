"""GPT-BigCode."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Config, Family, older
from tests.support.families.gpt2 import modules

BIG_CODE = {"n_embd": 15, "n_layer": 2, "n_head": 3, "vocab_size": 41, "n_positions": 13}


def as_published(config: Config) -> Config:
    """config.json as that of StarCoder: with fields of its first inference code."""
    config = older(config)
    del config["num_key_value_heads"]
    return config | {
        "inference_runner": 0, "max_batch_size": None, "max_sequence_length": None, "pad_key_length": True,
        "pre_allocate_kv_cache": False, "validate_runner_input": True, "summary_type": "cls_index",
    }  # fmt: skip


CASES = {
    "gpt-bigcode-shared": Case(BIG_CODE, config=as_published),
    "gpt-bigcode-each": Case(BIG_CODE | {"multi_query": False, "activation_function": "relu", "n_inner": 17,
                                         "scale_attn_weights": False, "layer_norm_epsilon": 1e-3}, config=older),
    "gpt-bigcode-untied": Case(BIG_CODE | {"tie_word_embeddings": False, "n_head": 5, "n_layer": 3}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    heads = draw.randint(1, 5)
    return {
        "n_head": heads,
        "n_embd": heads * draw.randint(1, 9),
        "n_layer": draw.randint(1, 3),
        "n_inner": draw.choice([None, 7, 40]),
        "n_positions": POSITIONS,
        "multi_query": draw.random() < 0.5,
        "activation_function": draw.choice(["gelu_pytorch_tanh", "gelu", "relu"]),
        "layer_norm_epsilon": draw.choice([1e-5, 1e-2]),
        "scale_attn_weights": draw.random() < 0.7,
    }


FAMILY = Family("gpt_bigcode", "GPTBigCodeForCausalLM", "GPTBigCodeModel", CASES, draw_fields, modules)
