"""Gemma 3, text alone."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Config, Family
from tests.support.families.gemma2 import GEMMA2, draw_gemma2, modules

ROPE = {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 5000.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 50.0}}  # fmt: skip
GEMMA3 = GEMMA2 | {"attn_logit_softcapping": None, "final_logit_softcapping": None, "rope_parameters": ROPE}


def first_released(config: Config) -> Config:
    """As the files of early 2025: sliding_window_pattern for layer_types, and separate fields for rotary
    positions."""
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope["full_attention"].pop("rope_theta")
    config["rope_scaling"] = None if rope["full_attention"]["rope_type"] == "default" else rope["full_attention"]
    config["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
    config["sliding_window_pattern"] = config["layer_types"].index("full_attention") + 1
    del config["layer_types"]
    config["torch_dtype"] = config.pop("dtype")
    return config | {"cache_implementation": "hybrid"}


PATTERN = ["sliding_attention", "full_attention", "sliding_attention"]
CASES = {
    "gemma3-text-window": Case(GEMMA3 | {"attention_bias": True, "layer_types": [
        "full_attention", "sliding_attention", "full_attention"]}),
    "gemma3-text-older": Case(GEMMA3 | {"layer_types": PATTERN, "rms_norm_eps": 1e-3}, dtype="bfloat16",
                              config=first_released),
    "gemma3-text-caps": Case(GEMMA3 | {"layer_types": PATTERN, "tie_word_embeddings": False,
                                       "attn_logit_softcapping": 1.5, "final_logit_softcapping": 2.0}),
    "gemma3-text-both-ways": Case(GEMMA3 | {"layer_types": PATTERN, "use_bidirectional_attention": True,
                                            "sliding_window": 4, "tie_word_embeddings": False}, bare=True),
}  # fmt: skip


def draw_gemma3(draw: random.Random) -> dict[str, Any]:
    fields = draw_gemma2(draw)
    rope = {
        "full_attention": fields["rope_parameters"],
        "sliding_attention": {"rope_type": "default", "rope_theta": draw.choice([20.0, 10000.0])},
    }
    both_ways = {"use_bidirectional_attention": draw.random() < 0.3}
    return fields | both_ways | {"rope_parameters": rope, "sliding_window_pattern": draw.randint(1, 3)}


FAMILY = Family(
    "gemma3_text", "Gemma3ForCausalLM", "Gemma3TextModel", CASES, draw_gemma3, modules, norm_weight=0.0
)
