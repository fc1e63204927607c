"""Qwen2-MoE."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Family
from tests.support.families.mixtral import in_one, modules
from tests.support.families.qwen2 import QWEN, draw_windows, without_kinds

EXPERTS = QWEN | {"num_experts": 5, "num_experts_per_tok": 3, "moe_intermediate_size": 7,
                  "shared_expert_intermediate_size": 9}  # fmt: skip

CASES = {
    "qwen2-moe-window": Case(EXPERTS | {"use_sliding_window": True, "sliding_window": 3, "norm_topk_prob": True,
                                        "mlp_only_layers": [1]}),
    "qwen2-moe-older": Case(EXPERTS | {"decoder_sparse_step": 2, "rms_norm_eps": 1e-3, "use_sliding_window": True,
                                       "sliding_window": 2, "max_window_layers": 2}, config=without_kinds),
    "qwen2-moe-unused-window": Case(EXPERTS | {"num_hidden_layers": 2, "qkv_bias": False, "head_dim": 6,
                                               "tie_word_embeddings": True}, dtype="bfloat16"),
    "qwen2-moe-in-one": Case(EXPERTS | {"mlp_only_layers": [0]},
                             tensors=in_one("mlp.experts.", "gate_proj", "up_proj", "down_proj")),
    "qwen2-moe-bare": Case(EXPERTS | {"num_hidden_layers": 2, "hidden_act": "gelu"}, bare=True),
}  # fmt: skip


def draw_experts(draw: random.Random) -> dict[str, Any]:
    fields, count = draw_windows(draw), draw.randint(1, 7)
    return fields | {
        "num_experts": count,
        "num_experts_per_tok": draw.randint(1, count),
        "moe_intermediate_size": draw.randint(1, 12),
        "norm_topk_prob": draw.random() < 0.5,
        "decoder_sparse_step": draw.randint(1, 2),
        "mlp_only_layers": draw.choice([[], [1]]),
    }


def draw_shared(draw: random.Random) -> dict[str, Any]:
    own = {"shared_expert_intermediate_size": draw.randint(1, 12), "qkv_bias": draw.random() < 0.5}
    return draw_experts(draw) | own


FAMILY = Family("qwen2_moe", "Qwen2MoeForCausalLM", "Qwen2MoeModel", CASES, draw_shared, modules)
