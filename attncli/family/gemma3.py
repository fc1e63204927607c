"""Gemma 3 with images (Gemma Team 2025): attn reads its text model, which is a gemma3_text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from attncli.architecture.spec import Spec
from attncli.configs.fields import Config
from attncli.family import gemma3_text
from attncli.family.gemma3_text import tensors

__all__ = ["PREFIXES", "spec", "tensors"]

PREFIXES = ("language_model.", "model.", "language_model.")
"""language_model.model.… on the hub, model.language_model.… as saved by `transformers` 5."""
IMAGE_FIELDS = (
    "vision_config", "mm_tokens_per_image", "boi_token_index", "eoi_token_index", "image_token_index",
    "boi_token_id", "eoi_token_id", "image_token_id",
)  # fmt: skip


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.unused(*IMAGE_FIELDS)
    text = config.inner("text_config", tie_word_embeddings=config.flag("tie_word_embeddings", True))
    # Gemma3ForConditionalGeneration ignores both (modeling_gemma3.py), so which numbers are right is unclear
    text.only("final_logit_softcapping", None)
    text.only("use_bidirectional_attention", False)
    text_spec = gemma3_text.spec(text, has)
    text.finish()
    config.only("vocab_size", text_spec.vocab)
    return replace(text_spec, family="gemma3")
