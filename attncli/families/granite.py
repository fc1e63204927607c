"""Granite (Granite Team, IBM 2024): Llama's layers, with multipliers of the embedding, the scores, what the parts
add, and the logits."""

from __future__ import annotations

from collections.abc import Callable

from attncli.families.config import Config
from attncli.families.decoder import PREFIXES, QKV, attention, decoder, tensors
from attncli.parts import feed_forward, rms_norm
from attncli.spec import Layer, Spec

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    normed = rms_norm(config.number("rms_norm_eps", 1e-6))
    bias = config.flag("attention_bias", False)
    attn = attention(
        config,
        scale=config.number("attention_multiplier", 1.0),
        qkv_bias=QKV if bias else frozenset(),
        output_bias=bias,
    )
    mlp = feed_forward(
        config.size("intermediate_size", 11008),
        config.activation("hidden_act", "silu"),
        gated=True,
        bias=config.flag("mlp_bias", False),
    )
    layer = Layer(
        "pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed,
        residual_scale=config.number("residual_multiplier", 1.0),
    )  # fmt: skip
    return decoder(
        "granite", config, has, lambda number: layer, final_norm=normed,
        embed_scale=config.number("embedding_multiplier", 1.0),
        logit_scale=1 / config.positive("logits_scaling", 1.0),
    )  # fmt: skip
