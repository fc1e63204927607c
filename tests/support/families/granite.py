"""Granite."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Family, older
from tests.support.families.llama import draw_sizes, modules

GRANITE = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2,
           "intermediate_size": 31, "vocab_size": 45, "max_position_embeddings": 20,
           "pad_token_id": 0}  # fmt: skip
ROPE = {"rope_type": "default", "rope_theta": 300.0}
MULTIPLIERS = {"embedding_multiplier": 3.0, "attention_multiplier": 0.4, "residual_multiplier": 0.3,
               "logits_scaling": 7.0}  # fmt: skip

CASES = {
    "granite-tied": Case(GRANITE | MULTIPLIERS | {"tie_word_embeddings": True, "rope_parameters": ROPE},
                         config=older),
    "granite-biased": Case(GRANITE | MULTIPLIERS | {"attention_bias": True, "mlp_bias": True,
                                                    "logits_scaling": 0.25}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    return draw_sizes(draw) | {
        "mlp_bias": draw.random() < 0.5,
        "rms_norm_eps": draw.choice([1e-6, 1e-2]),
        "embedding_multiplier": draw.choice([1.0, 12.0, 0.5]),
        "attention_multiplier": draw.choice([0.3, 0.1]),
        "residual_multiplier": draw.choice([1.0, 0.3]),
        "logits_scaling": draw.choice([1.0, 7]),
        "rope_parameters": {"rope_type": "default", "rope_theta": draw.choice([100.0, 10000.0])},
    }


FAMILY = Family("granite", "GraniteForCausalLM", "GraniteModel", CASES, draw_fields, modules)
