"""OLMo."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Family, older
from tests.support.families.llama import draw_sizes, modules

OLMO = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2,
        "intermediate_size": 31, "vocab_size": 45, "max_position_embeddings": 20,
        "pad_token_id": 0}  # fmt: skip
ROPE = {"rope_type": "default", "rope_theta": 300.0}

CASES = {
    "olmo-clipped": Case(OLMO | {"clip_qkv": 0.6, "rope_parameters": ROPE}, config=older),
    "olmo-biased": Case(OLMO | {"attention_bias": True, "tie_word_embeddings": True}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    return draw_sizes(draw) | {
        "clip_qkv": draw.choice([None, 0.4, 8.0]),
        "rope_parameters": {"rope_type": "default", "rope_theta": draw.choice([100.0, 10000.0])},
    }


FAMILY = Family("olmo", "OlmoForCausalLM", "OlmoModel", CASES, draw_fields, modules)
