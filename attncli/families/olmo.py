"""OLMo (Groeneveld et al. 2024): Llama's layers, with LayerNorm that has no parameters, and q, k and v bounded."""

from __future__ import annotations

from collections.abc import Callable

from attncli.families.config import Config
from attncli.families.decoder import PREFIXES, QKV, attention, decoder, tensors
from attncli.parts import feed_forward, layer_norm
from attncli.spec import Layer, Spec

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    normed = layer_norm(1e-5, weight=False, bias=False)
    bias = config.flag("attention_bias", False)
    bounded = config.get("clip_qkv", None) is not None
    attn = attention(
        config,
        qkv_bias=QKV if bias else frozenset(),
        output_bias=bias,
        clip=config.number("clip_qkv", 0.0) if bounded else None,
    )
    mlp = feed_forward(
        config.size("intermediate_size", 11008), config.activation("hidden_act", "silu"), gated=True
    )
    layer = Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)
    return decoder("olmo", config, has, lambda number: layer, final_norm=normed, vocab=50304)
