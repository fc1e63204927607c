"""MPNet."""

from __future__ import annotations

import random
from typing import Any

from tests.golden.tokenizers import write_surrounded_pieces
from tests.support.families import POSITIONS, Case, Family, older
from tests.support.families.bert import draw_fields as draw_bert

MPNET = {"hidden_size": 15, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 22,
         "vocab_size": 43, "max_position_embeddings": 14}  # fmt: skip
LONG = [(7 * i) % 41 for i in range(140)]

CASES = {
    "mpnet-tied": Case(MPNET | {"layer_norm_eps": 1e-3}, config=older,
                       input={"ids": [7, 3, 1, 7, 39, 12, 1, 3, 18]}),
    "mpnet-far": Case(MPNET | {"max_position_embeddings": 160, "num_hidden_layers": 1, "hidden_size": 6,
                               "num_attention_heads": 2},
                      input={"ids": LONG}),
    "mpnet-untied": Case(MPNET | {"tie_word_embeddings": False, "hidden_act": "relu", "pad_token_id": 3,
                                  "relative_attention_num_buckets": 40}),
    "mpnet-words": Case(MPNET | {"vocab_size": 64, "max_position_embeddings": 40}, bare=True,
                        tokenizer=write_surrounded_pieces,
                        input={"text": "The cats <mask> sat.", "pair": "He ran"}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    fields = draw_bert(draw) | {"max_position_embeddings": POSITIONS + 2}
    del fields["is_decoder"], fields["type_vocab_size"]
    return fields


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.encoder.layer[layer]
    attention = block.attention
    return {
        prefix + "attn.q": attention.attn.q, prefix + "attn.k": attention.attn.k,
        prefix + "attn.v": attention.attn.v,
        prefix + "attn.output": attention.attn.o, prefix + "resid.mid": attention.LayerNorm,
        prefix + "mlp.activated": block.intermediate, prefix + "mlp.output": block.output.dense,
    }  # fmt: skip


FAMILY = Family("mpnet", "MPNetForMaskedLM", "MPNetModel", CASES, draw_fields, modules, final=False)
