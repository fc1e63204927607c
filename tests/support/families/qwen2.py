"""Qwen2."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Config, Family, older
from tests.support.families.llama import LLAMA, YARN, modules
from tests.support.families.mistral import draw_without_biases

QWEN = LLAMA | {"num_hidden_layers": 3}
KINDS = ("sliding_attention", "full_attention")


def without_kinds(config: Config) -> Config:
    """Before layer_types, there were use_sliding_window and max_window_layers."""
    del config["layer_types"]
    return older(config)


CASES = {
    "qwen2-window": Case(QWEN | {"use_sliding_window": True, "sliding_window": 3, "layer_types": [
        "sliding_attention", "full_attention", "sliding_attention"], "rope_parameters": YARN}),
    "qwen2-older": Case(QWEN | {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1,
                                "rms_norm_eps": 1e-3},
                        config=lambda config: without_kinds(config) | {"use_mrope": False}),
    "qwen2-unused-window": Case(LLAMA | {"sliding_window": 2, "max_window_layers": 0, "head_dim": 10,
                                         "tie_word_embeddings": True},
                                config=lambda config: without_kinds(config) | {"sliding_window": 2}),
    "qwen2-bare": Case(LLAMA | {"hidden_act": "gelu"}, bare=True),
}  # fmt: skip


def draw_windows(draw: random.Random) -> dict[str, Any]:
    fields = draw_without_biases(draw) | {"use_sliding_window": draw.random() < 0.7,
                                          "sliding_window": draw.randint(1, 9),
                                          "max_window_layers": draw.randint(0, 2)}  # fmt: skip
    if fields["use_sliding_window"] and draw.random() < 0.5:
        fields["layer_types"] = [draw.choice(KINDS) for _ in range(fields["num_hidden_layers"])]
    return fields


FAMILY = Family("qwen2", "Qwen2ForCausalLM", "Qwen2Model", CASES, draw_windows, modules)
