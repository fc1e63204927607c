"""BART."""

from __future__ import annotations

from tests.golden.tokenizers import write_opened_words
from tests.support.families import Case, Family, without_prefix
from tests.support.families.encoder_decoder import (
    BART,
    as_on_the_hub,
    draw_fields,
    each_with_its_own,
    post_norm_modules,
)

CASES = {
    "bart-tied": Case(BART, tensors=each_with_its_own, config=as_on_the_hub),
    "bart-untied": Case(BART | {"tie_word_embeddings": False, "scale_embedding": True,
                                "activation_function": "relu"}, dtype="float16"),
    "bart-bare": Case(BART | {"tie_word_embeddings": False}, bare=True, tensors=without_prefix("model.")),
    "bart-text": Case(BART, tokenizer=write_opened_words,
                      input={"text": "the cat sat on the mat", "target": "the mat sat"}),
}  # fmt: skip

FAMILY = Family("bart", "BartForConditionalGeneration", "BartModel", CASES, draw_fields, post_norm_modules,
                final=False, target=True)  # fmt: skip
