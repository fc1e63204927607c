"""Gemma."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Config, Family, older
from tests.support.families.llama import LLAMA, draw_fields, modules

GEMMA = LLAMA | {"hidden_size": 20, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6}


def first_released(config: Config) -> Config:
    """As the files of early 2024: `gelu`, which meant the tanh approximation, and a null hidden_activation."""
    return older(config) | {"hidden_act": "gelu", "hidden_activation": None}


CASES = {
    "gemma-tied": Case(GEMMA | {"rms_norm_eps": 1e-3}),
    "gemma-older": Case(GEMMA, config=first_released, dtype="bfloat16"),
    "gemma-untied": Case(GEMMA | {"tie_word_embeddings": False, "attention_bias": True, "num_key_value_heads": 1},
                         config=lambda config: older(config) | {"hidden_activation": "gelu_pytorch_tanh"}),
    "gemma-bare": Case(GEMMA | {"tie_word_embeddings": False, "hidden_act": "silu"}, bare=True),
}  # fmt: skip


def draw_gemma(draw: random.Random) -> dict[str, Any]:
    activation = draw.choice(["gelu_pytorch_tanh", "silu", "gelu"])
    fields = {name: value for name, value in draw_fields(draw).items() if name != "mlp_bias"}
    return fields | {"hidden_act": activation}


FAMILY = Family("gemma", "GemmaForCausalLM", "GemmaModel", CASES, draw_gemma, modules, norm_weight=0.0)
