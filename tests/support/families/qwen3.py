"""Qwen3."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Family
from tests.support.families.llama import LLAMA, YARN, modules
from tests.support.families.qwen2 import QWEN, draw_windows, without_kinds

CASES = {
    "qwen3-window": Case(QWEN | {"use_sliding_window": True, "sliding_window": 3, "head_dim": 10, "layer_types": [
        "sliding_attention", "full_attention", "sliding_attention"], "attention_bias": True}),
    "qwen3-older": Case(QWEN | {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 2,
                                "head_dim": 6, "rms_norm_eps": 1e-3, "rope_parameters": YARN},
                        config=without_kinds),
    "qwen3-tied": Case(LLAMA | {"tie_word_embeddings": True, "head_dim": 4}, dtype="bfloat16",
                       config=without_kinds),
    "qwen3-bare": Case(LLAMA | {"hidden_act": "gelu", "head_dim": 8}, bare=True),
}  # fmt: skip


def draw_biases(draw: random.Random) -> dict[str, Any]:
    return draw_windows(draw) | {"attention_bias": draw.random() < 0.5}


FAMILY = Family("qwen3", "Qwen3ForCausalLM", "Qwen3Model", CASES, draw_biases, modules)
