"""ELECTRA."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Family, older
from tests.support.families.bert import BERT, modules
from tests.support.families.bert import draw_fields as draw_bert

ELECTRA = BERT | {"embedding_size": 10}

CASES = {
    "electra-generator": Case(ELECTRA | {"hidden_act": "relu"}, config=older),
    "electra-untied": Case(ELECTRA | {"tie_word_embeddings": False, "layer_norm_eps": 1e-3}),
    "electra-discriminator": Case(ELECTRA | {"embedding_size": 15}, bare=True, config=older),
}


def draw_fields(draw: random.Random) -> dict[str, Any]:
    fields = draw_bert(draw)
    return fields | {"embedding_size": draw.choice([fields["hidden_size"], draw.randint(2, 20)])}


FAMILY = Family("electra", "ElectraForMaskedLM", "ElectraModel", CASES, draw_fields, modules, final=False)
