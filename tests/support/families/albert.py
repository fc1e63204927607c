"""ALBERT."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import Case, Config, Family, older
from tests.support.families.bert import BERT
from tests.support.families.bert import draw_fields as draw_bert

ALBERT = BERT | {"embedding_size": 10}


def as_first_published(config: Config) -> Config:
    return older(config) | {"down_scale_factor": 1, "gap_size": 0, "net_structure_type": 0, "num_memory_blocks": 0}


CASES = {
    "albert-shared": Case(ALBERT | {"num_hidden_layers": 3}, config=as_first_published),
    "albert-groups": Case(ALBERT | {"num_hidden_layers": 3, "num_hidden_groups": 2, "inner_group_num": 2,
                                    "hidden_act": "relu", "tie_word_embeddings": False}),
    "albert-bare": Case(ALBERT | {"embedding_size": 15}, bare=True),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    layers = draw.randint(1, 5)
    fields = draw_bert(draw) | {
        "embedding_size": draw.randint(2, 20),
        "num_hidden_layers": layers,
        "num_hidden_groups": draw.randint(1, layers),
        "inner_group_num": draw.randint(1, 2),
    }
    del fields["is_decoder"]
    return fields


FAMILY = Family("albert", "AlbertForMaskedLM", "AlbertModel", CASES, draw_fields, final=False)
