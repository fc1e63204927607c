"""GPT-J."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Config, Family, Tensors, older, without_prefix

GPTJ = {"n_embd": 24, "n_layer": 2, "n_head": 3, "rotary_dim": 6, "n_inner": 17, "vocab_size": 41,
        "n_positions": 13}  # fmt: skip


def as_published(config: Config) -> Config:
    """config.json as that of GPT-J-6B: with fields of GPT-2 and of its training code."""
    return older(config) | {
        "rotary": True,
        "scale_attn_weights": True,
        "summary_type": "cls_index",
        "n_inner": None,
    }


def with_causal_buffers(tensors: Tensors) -> Tensors:
    import torch

    mask = torch.tril(torch.ones(13, 13, dtype=torch.bool)).view(1, 1, 13, 13)
    return tensors | {f"transformer.h.{i}.attn.bias": mask.clone() for i in range(2)}


CASES = {
    "gptj-published": Case(GPTJ | {"n_inner": None}, config=as_published, tensors=with_causal_buffers),
    "gptj-tied": Case(GPTJ | {"tie_word_embeddings": True, "activation_function": "relu"}, config=older),
    "gptj-whole": Case(GPTJ | {"rotary_dim": 8, "n_layer": 3, "layer_norm_epsilon": 1e-3}, dtype="bfloat16"),
    "gptj-bare": Case(GPTJ, bare=True, tensors=without_prefix("transformer.")),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    heads, d_head = draw.randint(1, 5), draw.randint(2, 9)
    return {
        "n_head": heads,
        "n_embd": heads * d_head,
        "rotary_dim": 2 * draw.randint(1, d_head // 2),
        "n_layer": draw.randint(1, 3),
        "n_inner": draw.choice([None, 7, 40]),
        "n_positions": POSITIONS,
        "activation_function": draw.choice(["gelu_new", "gelu", "relu"]),
        "layer_norm_epsilon": draw.choice([1e-5, 1e-2]),
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.h[layer]
    return {
        prefix + "attn.input": block.ln_1, prefix + "attn.q": block.attn.q_proj,
        prefix + "attn.k": block.attn.k_proj,
        prefix + "attn.v": block.attn.v_proj, prefix + "attn.output": block.attn,
        prefix + "mlp.hidden": block.mlp.fc_in, prefix + "mlp.output": block.mlp,
    }  # fmt: skip


FAMILY = Family("gptj", "GPTJForCausalLM", "GPTJModel", CASES, draw_fields, modules)
