"""M2M-100."""

from __future__ import annotations

from tests.support.families import Case, Family
from tests.support.families.encoder_decoder import BART, as_on_the_hub, draw_fields, pre_norm_modules

CASES = {
    # the ids 7 are padding, without a position; the text is longer than the first table of positions
    "m2m-tied": Case(BART | {"max_position_embeddings": 6}, config=as_on_the_hub),
    "m2m-untied": Case(BART | {"tie_word_embeddings": False, "d_model": 15, "scale_embedding": False,
                               "pad_token_id": 1, "decoder_attention_heads": 5}),
}  # fmt: skip

FAMILY = Family("m2m_100", "M2M100ForConditionalGeneration", "M2M100Model", CASES, draw_fields, pre_norm_modules,
                target=True)  # fmt: skip
