"""DeBERTa, versions 2 and 3."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import POSITIONS, Case, Family, older
from tests.support.families.bert import draw_fields as draw_bert

DEBERTA = {"hidden_size": 15, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 22,
           "vocab_size": 43, "max_position_embeddings": 14, "relative_attention": True,
           "pos_att_type": ["p2c", "c2p"]}  # fmt: skip
VERSION_3 = DEBERTA | {"position_biased_input": False, "share_att_key": True, "norm_rel_ebd": "layer_norm",
                       "position_buckets": 4, "legacy": False}  # fmt: skip


CASES = {
    "deberta-v2-version-3": Case(VERSION_3 | {"hidden_act": "relu"}),
    "deberta-v2-older": Case(VERSION_3 | {"legacy": True, "max_relative_positions": 30},
                             config=lambda config: older(config) | {"pos_att_type": "c2p|p2c"}),
    "deberta-v2-own-keys": Case(DEBERTA | {"type_vocab_size": 2, "tie_word_embeddings": False,
                                           "max_relative_positions": 5, "layer_norm_eps": 1e-3}),
    "deberta-v2-one-way": Case(DEBERTA | {"pos_att_type": ["p2c"], "embedding_size": 10, "position_buckets": 7}),
    "deberta-v2-other-way": Case(DEBERTA | {"pos_att_type": ["c2p"], "position_buckets": 6}, bare=True),
    "deberta-v2-without": Case(DEBERTA | {"relative_attention": False}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    fields = draw_bert(draw) | {
        "type_vocab_size": draw.choice([0, 2]),
        "relative_attention": draw.random() < 0.9,
        "pos_att_type": draw.choice([["c2p"], ["p2c"], ["c2p", "p2c"], []]),
        "position_biased_input": draw.random() < 0.5,
        "share_att_key": draw.random() < 0.5,
        "norm_rel_ebd": draw.choice(["none", "layer_norm"]),
        "position_buckets": draw.choice([-1, 2, 5, 8]),
        "max_relative_positions": draw.choice([-1, 10, 30]),
        "max_position_embeddings": POSITIONS,
        "legacy": draw.random() < 0.5,
    }
    if fields["legacy"]:
        fields["embedding_size"] = draw.choice([fields["hidden_size"], draw.randint(2, 20)])
    del fields["is_decoder"]
    return fields


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.encoder.layer[layer]
    attention = block.attention
    own = attention.self
    twice = getattr(body.config, "share_att_key", False)  # for the distances too, and that is seen last
    projections = {} if twice else {prefix + "attn.q": own.query_proj, prefix + "attn.k": own.key_proj}
    return projections | {
        prefix + "attn.v": own.value_proj,
        prefix + "attn.output": attention.output.dense, prefix + "resid.mid": attention.output.LayerNorm,
        prefix + "mlp.activated": block.intermediate, prefix + "mlp.output": block.output.dense,
    }  # fmt: skip


FAMILY = Family("deberta-v2", "DebertaV2ForMaskedLM", "DebertaV2Model", CASES, draw_fields, modules, final=False)
