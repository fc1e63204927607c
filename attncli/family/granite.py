"""Granite (IBM Granite Team 2024): Llama with multipliers for the embedding, the scores, the residual additions
and the logits."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import biased, rms_norm
from attncli.architecture.spec import Layer, Spec
from attncli.configs.decoder import PREFIXES, attention, decoder, gated, tensors
from attncli.configs.fields import Config

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    normed = rms_norm(config.number("rms_norm_eps", 1e-6))
    attn = attention(
        config,
        scale=config.number("attention_multiplier", 1.0),
        **biased(config.flag("attention_bias", False)),
    )
    mlp = gated(config, 11008, bias=config.flag("mlp_bias", False))
    layer = Layer(
        "pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed,
        residual_scale=config.number("residual_multiplier", 1.0),
    )  # fmt: skip
    return decoder(
        "granite", config, has, lambda number: layer, final_norm=normed,
        embed_scale=config.number("embedding_multiplier", 1.0),
        logit_scale=1 / config.positive("logits_scaling", 1.0),
    )  # fmt: skip
