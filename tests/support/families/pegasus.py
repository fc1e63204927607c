"""PEGASUS."""

from __future__ import annotations

from tests.support.families import Case, Family
from tests.support.families.bart_like import BART, draw_fields, of_old, parts_of_pre_norm

CASES = {
    "pegasus-tied": Case(BART | {"scale_embedding": True}, config=of_old),
    "pegasus-untied": Case(
        BART
        | {
            "tie_word_embeddings": False,
            "d_model": 15,
            "activation_function": "relu",
            "decoder_attention_heads": 5,
        }
    ),
}

FAMILY = Family("pegasus", "PegasusForConditionalGeneration", "PegasusModel", CASES, draw_fields,
                parts_of_pre_norm, target=True)  # fmt: skip
