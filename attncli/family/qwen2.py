"""Qwen2 (Yang et al. 2024): Llama with biases of queries, keys and values, and a sliding window in its later
layers if the config asks for it."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import QKV, rms_norm
from attncli.architecture.spec import Layer, Spec
from attncli.configs.decoder import PREFIXES, attention, decoder, gated, tensors
from attncli.configs.fields import Config
from attncli.configs.windows import layer_mask, layer_types, window_in_use

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.assume(num_hidden_layers=32, sliding_window=4096, max_position_embeddings=32768)
    config.only("use_mrope", False)  # for models with images, but other files have the field too
    normed = rms_norm(config.number("rms_norm_eps", 1e-6))
    mlp = gated(config, 22016)
    size, first = window_in_use(config), config.number("max_window_layers", 28)
    types = layer_types(config, lambda number: size is not None and number >= first)

    def layer(number: int) -> Layer:
        attn = attention(config, qkv_bias=QKV, mask=layer_mask(config, types[number], size))
        return Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)

    return decoder("qwen2", config, has, layer, final_norm=normed, vocab=151936)
