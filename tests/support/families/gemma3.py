"""Gemma 3 with images, of which the text model is compared."""

from __future__ import annotations

import random
from typing import Any

from tests.support.families import VOCAB, Case, Config, Family, Tensors
from tests.support.families.gemma2 import modules
from tests.support.families.gemma3_text import GEMMA3, PATTERN, draw_gemma3, first_released

IMAGES = {"vision_config": {"hidden_size": 8, "intermediate_size": 6, "num_hidden_layers": 1,
                            "num_attention_heads": 1, "image_size": 4, "patch_size": 2},
          "mm_tokens_per_image": 1}  # fmt: skip


def older(config: Config) -> Config:
    """Without the fields of the text model that have their default."""
    text = first_released(config["text_config"] | {"dtype": config["dtype"]})
    left_out = ("attention_bias", "query_pre_attn_scalar", "final_logit_softcapping", "tie_word_embeddings")
    config["text_config"] = {name: value for name, value in text.items() if name not in left_out}
    config["torch_dtype"] = config.pop("dtype")
    return config


def as_in_memory(tensors: Tensors) -> Tensors:
    """model.language_model.layers… for language_model.model.layers…"""
    return {name.replace("language_model.model.", "model.language_model."): t for name, t in tensors.items()}


CASES = {
    "gemma3-images": Case(IMAGES | {"text_config": GEMMA3 | {"layer_types": PATTERN}}, tensors=as_in_memory),
    "gemma3-images-older": Case(IMAGES | {"text_config": GEMMA3 | {"layer_types": PATTERN, "num_hidden_layers": 3,
                                "query_pre_attn_scalar": 256}}, config=older, dtype="bfloat16"),
}  # fmt: skip


def draw_text(draw: random.Random) -> dict[str, Any]:
    text = draw_gemma3(draw) | {"final_logit_softcapping": None, "use_bidirectional_attention": False}
    return IMAGES | {"text_config": text | {"vocab_size": VOCAB}}


def text_parts(body: Any, prefix: str, layer: int) -> dict[str, Any]:
    return modules(body.language_model, prefix, layer)


FAMILY = Family(
    "gemma3", "Gemma3ForConditionalGeneration", "Gemma3Model", CASES, draw_text, text_parts, norm_weight=0.0
)
