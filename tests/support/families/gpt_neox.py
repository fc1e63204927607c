"""GPT-NeoX."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Config, Family, Tensors, older

NEOX = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 19,
        "vocab_size": 41, "max_position_embeddings": 13}  # fmt: skip


def pythia(config: Config) -> Config:
    """config.json as that of Pythia: rotary_emb_base and rotary_pct."""
    config = older(config)
    config["rotary_emb_base"] = config.pop("rope_theta")
    config["rotary_pct"] = (config.pop("rope_scaling") or {}).pop("partial_rotary_factor", 0.25)
    return config


def bare_bones(config: Config) -> Config:
    """Without the fields that have their default."""
    config = pythia(config)
    for name in ("rotary_emb_base", "rotary_pct", "use_parallel_residual", "attention_bias", "layer_norm_eps"):
        del config[name]
    return config


def as_published(tensors: Tensors) -> Tensors:
    """The head as embed_out; old checkpoints store the mask in each layer."""
    import torch

    mask = torch.tril(torch.ones(13, 13, dtype=torch.bool)).view(1, 1, 13, 13)
    buffers = {f"gpt_neox.layers.{i}.attention.bias": mask.clone() for i in range(2)}
    return {name.replace("lm_head.", "embed_out."): t for name, t in tensors.items()} | buffers


CASES = {
    "gpt-neox-parallel": Case(NEOX, tensors=as_published, config=pythia),
    "gpt-neox-serial": Case(NEOX | {"use_parallel_residual": False, "attention_bias": False, "hidden_act": "relu",
                                    "num_attention_heads": 2, "layer_norm_eps": 1e-3, "rope_parameters": {
                                        "rope_type": "linear", "factor": 3.0, "rope_theta": 500.0,
                                        "partial_rotary_factor": 0.5}}),
    "gpt-neox-tied": Case(NEOX | {"tie_word_embeddings": True, "hidden_act": "gelu_fast"}, config=bare_bones),
    "gpt-neox-bare": Case(NEOX, bare=True),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    heads = draw.randint(1, 5)
    return {
        "num_attention_heads": heads,
        "hidden_size": heads * draw.choice([8, 16, 24]),
        "num_hidden_layers": draw.randint(1, 3),
        "intermediate_size": draw.randint(3, 40),
        "max_position_embeddings": POSITIONS,
        "hidden_act": draw.choice(["gelu", "gelu_new", "gelu_fast"]),
        "layer_norm_eps": draw.choice([1e-5, 1e-2]),
        "use_parallel_residual": draw.random() < 0.5,
        "attention_bias": draw.random() < 0.5,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": draw.choice([100.0, 10000.0]),
            "partial_rotary_factor": draw.choice([0.25, 0.5, 1.0]),
        },
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.layers[layer]
    return {
        prefix + "attn.input": block.input_layernorm, prefix + "attn.output": block.attention,
        prefix + "mlp.input": block.post_attention_layernorm, prefix + "mlp.hidden": block.mlp.dense_h_to_4h,
        prefix + "mlp.output": block.mlp,
    }  # fmt: skip


FAMILY = Family("gpt_neox", "GPTNeoXForCausalLM", "GPTNeoXModel", CASES, draw_fields, modules)
