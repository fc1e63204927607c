"""OLMo (Groeneveld et al. 2024): Llama with LayerNorm that has no parameters, and with q, k and v clipped."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import biased, layer_norm
from attncli.architecture.spec import Layer, Spec
from attncli.configs.decoder import PREFIXES, attention, decoder, gated, tensors
from attncli.configs.fields import Config

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    normed = layer_norm(1e-5, weight=False, bias=False)
    clips = config.get("clip_qkv", None) is not None
    attn = attention(
        config,
        **biased(config.flag("attention_bias", False)),
        clip=config.number("clip_qkv", 0.0) if clips else None,
    )
    mlp = gated(config, 11008)
    layer = Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)
    return decoder("olmo", config, has, lambda number: layer, final_norm=normed, vocab=50304)
