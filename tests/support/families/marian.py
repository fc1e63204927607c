"""Marian."""

from __future__ import annotations

import random
from typing import Any

from tests.support import families
from tests.support.families import Case, Family, Tensors
from tests.support.families.encoder_decoder import BART, as_on_the_hub, post_norm_modules
from tests.support.families.encoder_decoder import draw_fields as draw_bart


def with_positions(tensors: Tensors) -> Tensors:
    """Old checkpoints store the tables of positions: here one that differs from the computed one."""
    import torch

    torch.manual_seed(3)
    names = (f"model.{side}.embed_positions.weight" for side in ("encoder", "decoder"))
    return tensors | {name: torch.randn(14, 12) for name in names}


CASES = {
    "marian-tied": Case(BART | {"scale_embedding": True, "activation_function": "swish"}, config=as_on_the_hub),
    "marian-stored": Case(BART, tensors=with_positions),
    "marian-two-vocabularies": Case(BART | {"share_encoder_decoder_embeddings": False, "decoder_vocab_size": 31,
                                            "tie_word_embeddings": False}),
}  # fmt: skip


def draw_fields(draw: random.Random) -> dict[str, Any]:
    shared = draw.random() < 0.5
    return draw_bart(draw) | {"share_encoder_decoder_embeddings": shared, "decoder_vocab_size": families.VOCAB}


FAMILY = Family("marian", "MarianMTModel", "MarianModel", CASES, draw_fields, post_norm_modules, final=False,
                target=True)  # fmt: skip
