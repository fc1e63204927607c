"""Mistral (Jiang et al. 2023): Llama with a sliding window, if the config has one."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import rms_norm
from attncli.architecture.spec import Layer, Spec
from attncli.configs.decoder import PREFIXES, attention, decoder, gated, tensors
from attncli.configs.fields import Config
from attncli.configs.windows import causal_mask, window

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.assume(num_key_value_heads=8, sliding_window=4096, max_position_embeddings=4096 * 32)
    normed = rms_norm(config.number("rms_norm_eps", 1e-6))
    attn = attention(config, mask=causal_mask(window(config)))
    mlp = gated(config, 14336)
    layer = Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)
    return decoder("mistral", config, has, lambda number: layer, final_norm=normed)
