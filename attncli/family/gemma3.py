"""Gemma 3 that reads images too (Gemma Team 2025): its text part, which is a model of gemma3_text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from attncli.architecture.spec import Spec
from attncli.configs.fields import Config
from attncli.family import gemma3_text
from attncli.family.gemma3_text import tensors

__all__ = ["PREFIXES", "spec", "tensors"]

PREFIXES = ("language_model.", "model.", "language_model.")
"""language_model.model.… as on the hub, model.language_model.… as in memory."""
OF_IMAGES = (
    "vision_config", "mm_tokens_per_image", "boi_token_index", "eoi_token_index", "image_token_index",
    "boi_token_id", "eoi_token_id", "image_token_id",
)  # fmt: skip


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.unused(*OF_IMAGES)
    text = config.inner("text_config", tie_word_embeddings=config.flag("tie_word_embeddings", True))
    # Gemma3ForConditionalGeneration passes over both (modeling_gemma3.py), so which numbers are meant is unclear
    text.only("final_logit_softcapping", None)
    text.only("use_bidirectional_attention", False)
    found = gemma3_text.spec(text, has)
    text.finish()
    config.only("vocab_size", found.vocab)
    return replace(found, family="gemma3")
