"""Gemma (Gemma Team 2024): token vectors times √d_model, norms that store weight - 1, and a head size of its
own."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import biased, feed_forward, rms_norm_from_one
from attncli.architecture.spec import Layer, Spec
from attncli.configs.decoder import PREFIXES, attention, decoder, tensors
from attncli.configs.fields import Config

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.assume(
        hidden_size=3072, num_attention_heads=16, num_key_value_heads=16, head_dim=256,
        max_position_embeddings=8192,
    )  # fmt: skip
    config.only("use_bidirectional_attention", False)
    normed = rms_norm_from_one(config.number("rms_norm_eps", 1e-6))
    attn = attention(config, **biased(config.flag("attention_bias", False)))
    mlp = feed_forward(config.size("intermediate_size", 24576), activation(config), gated=True)
    layer = Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)
    return decoder(
        "gemma", config, has, lambda number: layer, final_norm=normed, layers=28, vocab=256000,
        tied=True, embed_scale=config.size("hidden_size") ** 0.5,
    )  # fmt: skip


def activation(config: Config) -> str:
    """hidden_act, where `gelu` means the tanh approximation: the first released files say `gelu`, but the models
    were trained with the approximation (configuration_gemma.py, GemmaConfig.__post_init__). Some files repeat it
    as hidden_activation, which must agree."""
    name = config.activation("hidden_act", "gelu_pytorch_tanh")
    actual = "gelu_pytorch_tanh" if name == "gelu" else name
    config.only("hidden_activation", actual)
    return actual
