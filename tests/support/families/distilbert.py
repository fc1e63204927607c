"""DistilBERT."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.golden.tokenizers import write_word_pieces
from tests.support.families import POSITIONS, Case, Config, Family, older, without_prefix

DISTILBERT = {"dim": 15, "n_layers": 2, "n_heads": 3, "hidden_dim": 22, "vocab_size": 43,
              "max_position_embeddings": 14}  # fmt: skip


def as_first_published(config: Config) -> Config:
    return older(config) | {"tie_weights_": True, "output_past": True}


def write_pieces(folder: Path) -> None:
    """BERT's tokenizer, for a class without segments."""
    write_word_pieces(folder)
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "DistilBertTokenizer"}\n')


CASES = {
    "distilbert-tied": Case(DISTILBERT | {"sinusoidal_pos_embds": True}, config=as_first_published),
    "distilbert-untied": Case(DISTILBERT | {"tie_word_embeddings": False, "activation": "relu", "n_heads": 5}),
    "distilbert-bare": Case(DISTILBERT, bare=True, tensors=without_prefix("distilbert.")),
    "distilbert-words": Case(DISTILBERT | {"vocab_size": 64, "max_position_embeddings": 40},
                             tokenizer=write_pieces, input={"text": "The cats sat.", "pair": "He ran"}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    heads = draw.randint(1, 5)
    return {
        "n_heads": heads,
        "dim": heads * draw.randint(2, 9),
        "n_layers": draw.randint(1, 3),
        "hidden_dim": draw.randint(3, 40),
        "max_position_embeddings": POSITIONS,
        "activation": draw.choice(["gelu", "gelu_new", "relu"]),
    }


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.transformer.layer[layer]
    attention = block.attention
    return {
        prefix + "attn.q": attention.q_lin, prefix + "attn.k": attention.k_lin, prefix + "attn.v": attention.v_lin,
        prefix + "attn.output": attention.out_lin, prefix + "resid.mid": block.sa_layer_norm,
        prefix + "mlp.hidden": block.ffn.lin1, prefix + "mlp.output": block.ffn.lin2,
    }  # fmt: skip


FAMILY = Family("distilbert", "DistilBertForMaskedLM", "DistilBertModel", CASES, draw_fields, modules, final=False)
