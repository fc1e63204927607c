"""M2M-100 (Fan et al. 2020) and NLLB (NLLB Team 2022): BART with sinusoidal positions counted from the padding id,
LayerNorm before attention and feed-forward, and ReLU."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from attncli.architecture.spec import Embed, Spec
from attncli.configs.encoder_decoder import PREFIXES, Defaults, encoder_decoder, tensors
from attncli.configs.fields import Config
from attncli.formula.positions import sinusoidal_to_the_end
from attncli.formula.types import Array, Index
from attncli.language import N_

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    padding = config.token("pad_token_id", 1) or 0
    config.get("max_position_embeddings", 1024)  # no limit: the reference extends its table for a longer text

    angles = "[sin θ, cos θ], θ_i = pos / 10000^(i / (d/2 - 1))"
    text = N_("{angles}, pos from {first}", angles=angles, first=padding + 1)
    detail = N_("padding (id {pad}) is not counted and gets zeros", pad=padding)

    def position_of(ids: Sequence[int]) -> Index:
        """The padding id plus the number of tokens so far, padding aside; a padding token gets the padding id
        itself (modeling_m2m_100.py, create_position_ids_from_input_ids)."""
        is_token = np.asarray(ids) != padding
        positions: Index = np.cumsum(is_token) * is_token + padding
        return positions

    def table(positions: Index, d_model: int) -> Array:
        """Zeros for padding, which has no position."""
        return np.where((positions == padding)[:, None], 0.0, sinusoidal_to_the_end(positions, d_model))

    def embed(side: str, d_model: int, scale: float) -> Embed:
        return Embed(
            "sinusoidal", d_model, position_of=position_of, table=table, table_text=text, position_detail=detail,
            scale=scale,
        )  # fmt: skip

    return encoder_decoder(
        "m2m_100", config, has, embed, block="pre_norm", final_norm=True,
        defaults=Defaults(128112, "relu", scaled=True), speaks_language=True, logits_bias=False,
    )  # fmt: skip
