"""Marian."""

from __future__ import annotations

import random
from typing import Any

from tests.support import families
from tests.support.families import Case, Family, Tensors
from tests.support.families.bart_like import BART, of_old, parts_of_post_norm
from tests.support.families.bart_like import draw_fields as draw_bart


def with_positions(tensors: Tensors) -> Tensors:
    """Checkpoints of old hold the tables: here one that is not what would be computed."""
    import torch

    torch.manual_seed(3)
    names = (f"model.{side}.embed_positions.weight" for side in ("encoder", "decoder"))
    return tensors | {name: torch.randn(14, 12) for name in names}


CASES = {
    "marian-tied": Case(BART | {"scale_embedding": True, "activation_function": "swish"}, config=of_old),
    "marian-stored": Case(BART, tensors=with_positions),
    "marian-two-vocabularies": Case(BART | {"share_encoder_decoder_embeddings": False, "decoder_vocab_size": 31,
                                            "tie_word_embeddings": False}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    shared = draw.random() < 0.5
    return draw_bart(draw) | {"share_encoder_decoder_embeddings": shared, "decoder_vocab_size": families.VOCAB}


FAMILY = Family("marian", "MarianMTModel", "MarianModel", CASES, draw_fields, parts_of_post_norm, final=False,
                target=True)  # fmt: skip
