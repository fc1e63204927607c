"""PEGASUS."""

from __future__ import annotations

from tests.support.families import Case, Family
from tests.support.families.encoder_decoder import BART, as_on_the_hub, draw_fields, pre_norm_modules

CASES = {
    "pegasus-tied": Case(BART | {"scale_embedding": True}, config=as_on_the_hub),
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
                pre_norm_modules, target=True)  # fmt: skip
