"""Gemma 2."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Config, Family, older
from tests.support.families.gemma import GEMMA, draw_gemma
from tests.support.families.qwen2 import KINDS

# Caps that are low for what random weights give, so that they bend all of it
GEMMA2 = GEMMA | {"num_hidden_layers": 3, "sliding_window": 3, "query_pre_attn_scalar": 5,
                  "attn_logit_softcapping": 1.5, "final_logit_softcapping": 2.0}  # fmt: skip


def without_kinds(config: Config) -> Config:
    """Without layer_types, every second layer has a window, from the first on."""
    del config["layer_types"]
    return older(config) | {"hidden_act": "gelu_pytorch_tanh", "cache_implementation": "hybrid"}


CASES = {
    "gemma2-tied": Case(GEMMA2 | {"layer_types": ["full_attention", "sliding_attention", "sliding_attention"],
                                  "attention_bias": True}),
    "gemma2-older": Case(GEMMA2 | {"rms_norm_eps": 1e-3}, dtype="bfloat16",
                         config=lambda config: without_kinds(config) | {"sliding_window_size": 3}),
    "gemma2-no-caps": Case(GEMMA2 | {"attn_logit_softcapping": None, "final_logit_softcapping": None,
                                     "tie_word_embeddings": False}, config=without_kinds),
    "gemma2-bare": Case(GEMMA2 | {"tie_word_embeddings": False, "hidden_activation": "silu"}, bare=True),
}  # fmt: skip


def draw_gemma2(draw: random.Random) -> dict[str, Any]:
    fields = draw_gemma(draw)
    fields["hidden_activation"] = fields.pop("hidden_act")
    if draw.random() < 0.7:
        fields["layer_types"] = [draw.choice(KINDS) for _ in range(fields["num_hidden_layers"])]
    return fields | {
        "sliding_window": draw.randint(1, 9),
        "query_pre_attn_scalar": draw.choice([1, 5, 144]),
        "attn_logit_softcapping": draw.choice([None, 1.5, 50.0]),
        "final_logit_softcapping": draw.choice([None, 2.0, 30.0]),
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.layers[layer]
    return {
        prefix + "attn.input": block.input_layernorm, prefix + "attn.q": block.self_attn.q_proj,
        prefix + "attn.v": block.self_attn.v_proj, prefix + "attn.output": block.self_attn,
        prefix + "attn.output_normed": block.post_attention_layernorm,
        prefix + "mlp.input": block.pre_feedforward_layernorm, prefix + "mlp.output": block.mlp,
        prefix + "mlp.output_normed": block.post_feedforward_layernorm,
    }  # fmt: skip


FAMILY = Family("gemma2", "Gemma2ForCausalLM", "Gemma2Model", CASES, draw_gemma2, modules, norm_weight=0.0)
