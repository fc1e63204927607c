"""mBART."""

from __future__ import annotations

from tests.support.families import Case, Family
from tests.support.families.bart_like import BART, draw_fields, of_old, parts_of_pre_norm

CASES = {
    "mbart-tied": Case(BART | {"scale_embedding": True}, config=of_old),
    "mbart-untied": Case(BART | {"tie_word_embeddings": False, "activation_function": "relu"}),
}

FAMILY = Family("mbart", "MBartForConditionalGeneration", "MBartModel", CASES, draw_fields, parts_of_pre_norm,
                target=True)  # fmt: skip
