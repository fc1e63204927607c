"""Qwen3-MoE."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Config, Family, older
from tests.support.families.llama import LLAMA
from tests.support.families.mixtral import modules
from tests.support.families.qwen2_moe import draw_experts

EXPERTS = LLAMA | {"num_experts": 6, "num_experts_per_tok": 2, "moe_intermediate_size": 7, "head_dim": 6}


def first_released(config: Config) -> Config:
    """num_experts for num_local_experts, and a field inherited from the models without experts."""
    config = older(config) | {"num_experts": config["num_local_experts"], "max_window_layers": 1}
    del config["num_local_experts"]
    return config


CASES = {
    "qwen3-moe-window": Case(EXPERTS | {"use_sliding_window": True, "sliding_window": 3, "attention_bias": True,
                                        "norm_topk_prob": True}),
    "qwen3-moe-older": Case(EXPERTS | {"num_hidden_layers": 3, "decoder_sparse_step": 2, "num_experts_per_tok": 4,
                                       "use_sliding_window": True, "sliding_window": 4}, config=first_released,
                            dtype="bfloat16"),
    "qwen3-moe-bare": Case(EXPERTS | {"hidden_act": "gelu", "mlp_only_layers": [0]}, bare=True),
}  # fmt: skip


def draw_biases(draw: random.Random) -> dict[str, Any]:
    fields = draw_experts(draw) | {"attention_bias": draw.random() < 0.5}
    fields.pop("layer_types", None)
    del fields["max_window_layers"]
    return fields


FAMILY = Family("qwen3_moe", "Qwen3MoeForCausalLM", "Qwen3MoeModel", CASES, draw_biases, modules)
