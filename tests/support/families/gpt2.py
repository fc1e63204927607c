"""GPT-2."""

from __future__ import annotations

import random
from typing import Any

from tests.golden.tokenizers import TEXT, write_byte_pairs
from tests.support.families import POSITIONS, Case, Config, Family, Tensors, older, without_prefix

GPT2 = {"n_embd": 15, "n_layer": 2, "n_head": 3, "vocab_size": 41, "n_positions": 13}


def with_causal_buffers(tensors: Tensors) -> Tensors:
    """Old GPT-2 checkpoints store the mask and its fill value in each layer."""
    import torch

    mask = torch.tril(torch.ones(13, 13, dtype=torch.uint8)).view(1, 1, 13, 13)
    buffers = {f"transformer.h.{i}.attn.{n}": t for i in range(2)
               for n, t in (("bias", mask.clone()), ("masked_bias", torch.tensor(-1e4)))}  # fmt: skip
    return tensors | buffers


def said_to_be_tied(config: Config) -> Config:
    return config | {"tie_word_embeddings": True}


CASES = {
    "gpt2-odd": Case(GPT2, tensors=with_causal_buffers, config=older),
    "gpt2-bare": Case(GPT2 | {"activation_function": "relu", "scale_attn_weights": False, "n_inner": 17},
                      tensors=without_prefix("transformer.")),
    "gpt2-untied": Case(GPT2 | {"tie_word_embeddings": False, "n_layer": 3, "n_head": 5}),
    "gpt2-own-head": Case(GPT2 | {"tie_word_embeddings": False}, config=said_to_be_tied),
    "gpt2-by-layer": Case(GPT2 | {"scale_attn_by_inverse_layer_idx": True, "n_layer": 3}),
    "gpt2-merges": Case(GPT2 | {"vocab_size": 300, "n_positions": 64}, tokenizer=write_byte_pairs,
                        dtype="float16", input={"text": TEXT}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    heads = draw.randint(1, 5)
    return {
        "n_head": heads,
        "n_embd": heads * draw.randint(1, 9),
        "n_layer": draw.randint(1, 3),
        "n_inner": draw.choice([None, 7, 40]),
        "n_positions": POSITIONS,
        "activation_function": draw.choice(["gelu_new", "gelu", "relu", "silu"]),
        "layer_norm_epsilon": draw.choice([1e-5, 1e-2]),
        "scale_attn_weights": draw.random() < 0.7,
        "scale_attn_by_inverse_layer_idx": draw.random() < 0.3,
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.h[layer]
    return {
        prefix + "attn.input": block.ln_1, prefix + "attn.output": block.attn,
        prefix + "mlp.input": block.ln_2, prefix + "mlp.hidden": block.mlp.c_fc, prefix + "mlp.output": block.mlp,
    }  # fmt: skip


FAMILY = Family("gpt2", "GPT2LMHeadModel", "GPT2Model", CASES, draw_fields, modules)
