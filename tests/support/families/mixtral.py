"""Mixtral."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.support.families import Case, Family, Tensors, older
from tests.support.families.llama import LLAMA
from tests.support.families.llama import modules as dense_parts
from tests.support.families.mistral import draw_window

MIXTRAL = LLAMA | {"num_local_experts": 5, "num_experts_per_tok": 2}


def in_one(expert: str, gate: str, up: str, down: str) -> Callable[[Tensors], Tensors]:
    """The matrices of the experts stacked, with the layout and the names of `transformers` 5."""

    def packed(tensors: Tensors) -> Tensors:
        import torch

        found = {k.replace("block_sparse_moe.gate", "mlp.gate"): t for k, t in tensors.items() if expert not in k}
        for layer in {k.split(expert)[0] for k in tensors if expert in k}:
            count = len({k.split(expert)[1].split(".")[0] for k in tensors if k.startswith(layer + expert)})
            gates, ups, downs = (
                torch.stack([tensors[f"{layer}{expert}{e}.{name}.weight"] for e in range(count)])
                for name in (gate, up, down)
            )
            found[layer + "mlp.experts.gate_up_proj"] = torch.cat([gates, ups], dim=1)
            found[layer + "mlp.experts.down_proj"] = downs
        return found

    return packed


CASES = {
    "mixtral-two": Case(MIXTRAL | {"sliding_window": 4, "head_dim": 6}),
    "mixtral-older": Case(MIXTRAL | {"num_experts_per_tok": 3, "tie_word_embeddings": True}, config=older,
                          dtype="bfloat16"),
    "mixtral-in-one": Case(MIXTRAL, tensors=in_one("block_sparse_moe.experts.", "w1", "w3", "w2")),
    "mixtral-bare": Case(MIXTRAL | {"num_experts_per_tok": 1, "hidden_act": "gelu"}, bare=True),
}  # fmt: skip


def draw_experts(draw: random.Random) -> dict[str, Any]:
    count = draw.randint(1, 7)
    return draw_window(draw) | {"num_local_experts": count, "num_experts_per_tok": draw.randint(1, count)}


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.layers[layer]
    if not hasattr(block.mlp, "experts"):
        return dense_parts(body, prefix, layer)
    return {
        prefix + "attn.input": block.input_layernorm, prefix + "attn.v": block.self_attn.v_proj,
        prefix + "attn.output": block.self_attn, prefix + "mlp.input": block.post_attention_layernorm,
        prefix + "mlp.router": block.mlp.gate, prefix + "mlp.output": block.mlp,
    }  # fmt: skip


FAMILY = Family("mixtral", "MixtralForCausalLM", "MixtralModel", CASES, draw_experts, modules)
