"""Mistral."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Family, older
from tests.support.families.llama import LLAMA, LLAMA3, draw_fields, modules

BIASES = ("attention_bias", "mlp_bias")

CASES = {
    "mistral-window": Case(LLAMA | {"sliding_window": 3, "head_dim": 6, "rms_norm_eps": 1e-3}),
    "mistral-no-window": Case(LLAMA | {"sliding_window": None, "tie_word_embeddings": True}, config=older),
    "mistral-older": Case(LLAMA | {"sliding_window": 5, "rope_parameters": LLAMA3}, config=older),
    "mistral-bare": Case(LLAMA | {"sliding_window": 1, "hidden_act": "gelu"}, bare=True, dtype="bfloat16"),
}


def draw_without_biases(draw: random.Random) -> dict[str, Any]:
    return {name: value for name, value in draw_fields(draw).items() if name not in BIASES}


def draw_window(draw: random.Random) -> dict[str, Any]:
    return draw_without_biases(draw) | {"sliding_window": draw.choice([None, 1, 2, 5, 30])}


FAMILY = Family("mistral", "MistralForCausalLM", "MistralModel", CASES, draw_window, modules)
