"""Qwen3 (Yang et al. 2025): Qwen2 without biases, and with a norm of each head's queries and keys."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import biased, rms_norm
from attncli.architecture.spec import HeadNorm, Layer, Spec
from attncli.configs.decoder import HEAD_NORMS, PREFIXES, attention, decoder, gated, norms
from attncli.configs.decoder import tensors as llama_tensors
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor
from attncli.configs.windows import layer_mask, layer_types, window_in_use

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    return llama_tensors(config) | norms(HEAD_NORMS)


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.assume(num_hidden_layers=32, head_dim=128, sliding_window=4096, max_position_embeddings=32768)
    normed = rms_norm(config.number("rms_norm_eps", 1e-6))
    mlp = gated(config, 22016)
    bias = config.flag("attention_bias", False)
    size, first = window_in_use(config), config.number("max_window_layers", 28)
    types = layer_types(config, lambda number: size is not None and number >= first)

    def layer(number: int) -> Layer:
        attn = attention(
            config, mask=layer_mask(config, types[number], size), q_norm=HeadNorm(normed),
            k_norm=HeadNorm(normed), **biased(bias),
        )  # fmt: skip
        return Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)

    return decoder("qwen3", config, has, layer, final_norm=normed, vocab=151936)
