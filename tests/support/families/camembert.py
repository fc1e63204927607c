"""CamemBERT."""

from __future__ import annotations

from tests.support.families import Case, Family, older
from tests.support.families.roberta import ROBERTA, draw_fields, modules

CASES = {
    "camembert-tied": Case(ROBERTA | {"pad_token_id": 3}, config=older),
    "camembert-untied": Case(ROBERTA | {"tie_word_embeddings": False, "hidden_act": "gelu_new"}),
}

FAMILY = Family("camembert", "CamembertForMaskedLM", "CamembertModel", CASES, draw_fields, modules, final=False)
