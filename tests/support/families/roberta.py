"""RoBERTa."""

from __future__ import annotations

import random
from typing import Any

from tests.golden.tokenizers import TEXT, write_stripping_pairs, write_surrounded_pairs
from tests.support.families import POSITIONS, Case, Family, Tensors, older, without_prefix
from tests.support.families.bert import draw_fields as draw_bert
from tests.support.families.bert import modules

ROBERTA = {"hidden_size": 15, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 22,
           "vocab_size": 43, "max_position_embeddings": 14, "type_vocab_size": 1}  # fmt: skip


def with_old_buffers(tensors: Tensors) -> Tensors:
    """Later checkpoints store the bias of the head under both of its names, and the position ids."""
    import torch

    return tensors | {
        "lm_head.decoder.bias": tensors["lm_head.bias"].clone(),
        "roberta.embeddings.position_ids": torch.arange(14).view(1, 14),
    }


CASES = {
    "roberta-tied": Case(ROBERTA | {"layer_norm_eps": 1e-3}, tensors=with_old_buffers, config=older),
    "roberta-padding": Case(ROBERTA | {"pad_token_id": 3, "hidden_act": "relu", "type_vocab_size": 2}),
    "roberta-untied": Case(ROBERTA | {"pad_token_id": 0, "tie_word_embeddings": False, "is_decoder": True}),
    "roberta-bare": Case(ROBERTA, bare=True, tensors=without_prefix("roberta.")),
    "roberta-pair": Case(ROBERTA | {"vocab_size": 304, "max_position_embeddings": 99},
                         tokenizer=write_surrounded_pairs, config=older,
                         input={"text": TEXT, "pair": "The cat"}),
    "roberta-mask": Case(ROBERTA | {"vocab_size": 304, "max_position_embeddings": 99},
                         tokenizer=write_stripping_pairs, input={"text": "The <mask> sat"}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    pad = draw.choice([0, 1, 5])
    return draw_bert(draw) | {"pad_token_id": pad, "max_position_embeddings": POSITIONS + pad + 1}


FAMILY = Family("roberta", "RobertaForMaskedLM", "RobertaModel", CASES, draw_fields, modules, final=False)
