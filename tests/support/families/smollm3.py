"""SmolLM3."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Family, older, without
from tests.support.families.llama import draw_sizes, modules

SMOLLM3 = {"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 6, "num_key_value_heads": 2,
           "intermediate_size": 31, "vocab_size": 45, "max_position_embeddings": 20,
           "pad_token_id": 0}  # fmt: skip
ROPE = {"rope_type": "default", "rope_theta": 300.0}

CASES = {
    "smollm3-listed": Case(SMOLLM3 | {"no_rope_layers": [0, 1, 0], "tie_word_embeddings": False,
                                      "rope_parameters": ROPE}, config=older),
    "smollm3-windows": Case(SMOLLM3 | {"no_rope_layer_interval": 2, "use_sliding_window": True,
                                       "sliding_window": 4, "attention_bias": True, "mlp_bias": True},
                            config=without("layer_types", "no_rope_layers", "rope_parameters")),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    return draw_sizes(draw) | {
        "mlp_bias": draw.random() < 0.5,
        "rms_norm_eps": draw.choice([1e-6, 1e-2]),
        "no_rope_layer_interval": draw.randint(1, 4),
        "no_rope_layers": draw.choice([None, [draw.randint(0, 1) for _ in range(3)]]),
        "use_sliding_window": draw.random() < 0.5,
        "sliding_window": draw.choice([None, 3, 7]),
        "rope_parameters": {"rope_type": "default", "rope_theta": draw.choice([100.0, 10000.0])},
    }


FAMILY = Family("smollm3", "SmolLM3ForCausalLM", "SmolLM3Model", CASES, draw_fields, modules)
