"""BERT."""

from __future__ import annotations

import random
from typing import Any

from tests.golden.tokenizers import write_word_pieces
from tests.support.families import POSITIONS, Case, Family, Tensors, older

BERT = {"hidden_size": 15, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 22,
        "vocab_size": 43, "max_position_embeddings": 14}  # fmt: skip


def with_position_ids(tensors: Tensors) -> Tensors:
    import torch

    return tensors | {"bert.embeddings.position_ids": torch.arange(14).view(1, 14)}


def with_old_bias(tensors: Tensors) -> Tensors:
    """Later checkpoints store the bias of the masked-word head under both of its names."""
    return tensors | {"cls.predictions.decoder.bias": tensors["cls.predictions.bias"].clone()}


def with_gamma_and_beta(tensors: Tensors) -> Tensors:
    def old(name: str) -> str:
        return name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")

    return {old(name): t for name, t in tensors.items()}


CASES = {
    "bert-tied": Case(BERT, tensors=with_position_ids, config=older),
    "bert-bare": Case(BERT | {"hidden_act": "gelu_new", "layer_norm_eps": 1e-3}, bare=True),
    "bert-gamma": Case(BERT, tensors=lambda t: with_gamma_and_beta(with_old_bias(t))),
    "bert-untied": Case(BERT | {"tie_word_embeddings": False, "hidden_act": "relu"}),
    "bert-pair": Case(BERT | {"vocab_size": 64, "max_position_embeddings": 40},
                      tokenizer=write_word_pieces, input={"text": "The cats sat.", "pair": "猫 ran, Élan!"}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    heads = draw.randint(1, 5)
    return {
        "num_attention_heads": heads,
        "hidden_size": heads * draw.randint(2, 9),
        "num_hidden_layers": draw.randint(1, 3),
        "intermediate_size": draw.randint(3, 40),
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": draw.randint(1, 3),
        "hidden_act": draw.choice(["gelu", "gelu_new", "relu"]),
        "layer_norm_eps": draw.choice([1e-12, 1e-3]),
        "is_decoder": draw.random() < 0.3,
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.encoder.layer[layer]
    attention = block.attention
    return {
        prefix + "attn.q": attention.self.query, prefix + "attn.k": attention.self.key,
        prefix + "attn.v": attention.self.value, prefix + "attn.output": attention.output.dense,
        prefix + "resid.mid": attention.output.LayerNorm,
        prefix + "mlp.activated": block.intermediate, prefix + "mlp.output": block.output.dense,
    }  # fmt: skip


FAMILY = Family("bert", "BertForMaskedLM", "BertModel", CASES, draw_fields, modules, final=False)
