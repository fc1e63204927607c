"""mBART."""

from __future__ import annotations

from tests.support.families import Case, Family
from tests.support.families.encoder_decoder import BART, as_on_the_hub, draw_fields, pre_norm_modules

CASES = {
    "mbart-tied": Case(BART | {"scale_embedding": True}, config=as_on_the_hub),
    "mbart-untied": Case(BART | {"tie_word_embeddings": False, "activation_function": "relu"}),
}

FAMILY = Family("mbart", "MBartForConditionalGeneration", "MBartModel", CASES, draw_fields, pre_norm_modules,
                target=True)  # fmt: skip
