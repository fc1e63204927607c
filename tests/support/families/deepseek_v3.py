"""DeepSeek-V3."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Config, Family, older
from tests.support.families.deepseek_v2 import DEEPSEEK, YARN, draw_fields, modules

GROUPS = {"n_routed_experts": 6, "n_group": 3, "topk_group": 2, "num_experts_per_tok": 3}


def with_training_fields(config: Config) -> Config:
    return older(config) | {"scoring_func": "sigmoid", "topk_method": "noaux_tc", "ep_size": 1}


CASES = {
    "deepseek-v3-groups": Case(DEEPSEEK | GROUPS | {"rope_parameters": YARN, "attention_bias": True},
                               config=with_training_fields),
    "deepseek-v3-halves": Case(DEEPSEEK | GROUPS | {"q_lora_rank": None, "rope_interleave": False,
                                                    "norm_topk_prob": False, "rms_norm_eps": 1e-2}),
    "deepseek-v3-bfloat16": Case(DEEPSEEK | GROUPS | {"n_group": 1, "topk_group": 1}, dtype="bfloat16"),
}  # fmt: skip


def draw_own_fields(draw: random.Random) -> dict[str, Any]:
    own = {"rope_interleave": draw.random() < 0.5, "norm_topk_prob": draw.random() < 0.5}
    return draw_fields(draw) | own


FAMILY = Family("deepseek_v3", "DeepseekV3ForCausalLM", "DeepseekV3Model", CASES, draw_own_fields, modules)
