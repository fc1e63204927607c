"""GPT-Neo."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Config, Family, Tensors, older, without_prefix

NEO = {"hidden_size": 15, "num_layers": 3, "num_heads": 3, "vocab_size": 41, "max_position_embeddings": 13,
       "window_size": 3, "attention_types": [[["local", "global"], 1], [["local"], 1]]}  # fmt: skip


def without_layers(config: Config) -> Config:
    """Some files have only one of the two fields for attention types."""
    config = older(config)
    del config["attention_layers"]
    return config


def with_causal_buffers(tensors: Tensors) -> Tensors:
    import torch

    mask = torch.tril(torch.ones(13, 13, dtype=torch.bool)).view(1, 1, 13, 13)
    buffers = {f"transformer.h.{i}.attn.attention.{n}": t for i in range(3)
               for n, t in (("bias", mask.clone()), ("masked_bias", torch.tensor(-1e9)))}  # fmt: skip
    return tensors | buffers


CASES = {
    "gpt-neo-windows": Case(NEO, tensors=with_causal_buffers, config=without_layers),
    "gpt-neo-untied": Case(NEO | {"tie_word_embeddings": False, "intermediate_size": 17, "num_layers": 2,
                                  "activation_function": "relu", "attention_types": [[["global", "local"], 1]]}),
    "gpt-neo-bare": Case(NEO | {"layer_norm_epsilon": 1e-3}, tensors=without_prefix("transformer."),
                         config=older),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    heads, kinds = draw.randint(1, 5), draw.choices(["global", "local"], k=draw.randint(1, 2))
    times = draw.randint(1, 2)
    return {
        "num_heads": heads,
        "hidden_size": heads * draw.randint(1, 9),
        "num_layers": len(kinds) * times,
        "attention_types": [[kinds, times]],
        "window_size": draw.randint(1, 30),
        "intermediate_size": draw.choice([None, 7, 40]),
        "max_position_embeddings": POSITIONS,
        "activation_function": draw.choice(["gelu_new", "gelu", "relu"]),
        "layer_norm_epsilon": draw.choice([1e-5, 1e-2]),
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.h[layer]
    attention = block.attn.attention
    return {
        prefix + "attn.input": block.ln_1, prefix + "attn.q": attention.q_proj,
        prefix + "attn.k": attention.k_proj,
        prefix + "attn.v": attention.v_proj, prefix + "attn.output": block.attn,
        prefix + "mlp.input": block.ln_2, prefix + "mlp.hidden": block.mlp.c_fc, prefix + "mlp.output": block.mlp,
    }  # fmt: skip


FAMILY = Family("gpt_neo", "GPTNeoForCausalLM", "GPTNeoModel", CASES, draw_fields, modules)
