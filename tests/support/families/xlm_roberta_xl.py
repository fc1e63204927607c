"""XLM-RoBERTa-XL."""

from __future__ import annotations

from typing import Any

from tests.support.families import Case, Family, older
from tests.support.families.roberta import ROBERTA, draw_fields

CASES = {
    "xlm-roberta-xl-tied": Case(ROBERTA | {"pad_token_id": 3, "layer_norm_eps": 1e-3}, config=older),
    "xlm-roberta-xl-untied": Case(ROBERTA | {"tie_word_embeddings": False, "hidden_act": "relu"}),
}


def modules(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    block = body.encoder.layer[layer]
    attention = block.attention
    return {
        prefix + "attn.input": attention.self_attn_layer_norm, prefix + "attn.v": attention.self.value,
        prefix + "resid.mid": attention.output, prefix + "mlp.input": block.LayerNorm,
        prefix + "mlp.activated": block.intermediate, prefix + "mlp.output": block.output.dense,
    }  # fmt: skip


FAMILY = Family("xlm-roberta-xl", "XLMRobertaXLForMaskedLM", "XLMRobertaXLModel", CASES, draw_fields, modules)
