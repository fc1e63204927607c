"""Gemma 2 (Gemma Team 2024): Gemma with norms also after attention and feed-forward, soft caps on scores and
logits, and a sliding window in every second layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attncli.architecture.parts import biased, feed_forward, rms_norm_from_one
from attncli.architecture.spec import Layer, Spec
from attncli.configs.decoder import PREFIXES, attention, decoder, norms
from attncli.configs.decoder import tensors as llama_tensors
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor
from attncli.configs.windows import layer_mask, layer_types, window

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    return llama_tensors(config) | norms(
        {
            "attn.norm": "input_layernorm",
            "attn.output_norm": "post_attention_layernorm",
            "mlp.norm": "pre_feedforward_layernorm",
            "mlp.output_norm": "post_feedforward_layernorm",
        }
    )


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.assume(
        hidden_size=2304, num_hidden_layers=26, num_attention_heads=8, num_key_value_heads=4, head_dim=256,
        sliding_window=4096, max_position_embeddings=8192, final_logit_softcapping=30.0,
        attn_logit_softcapping=50.0,
    )  # fmt: skip
    config.only("use_bidirectional_attention", False)
    size = window(config)
    config.only("sliding_window_size", size)  # some files repeat it under this name
    types = layer_types(config, slides=lambda number: number % 2 == 0)
    cap = config.positive_or_null("attn_logit_softcapping")

    def layer(number: int) -> Layer:
        return normed_on_both_sides(config, mask=layer_mask(config, types[number], size), cap=cap)

    return gemma_decoder("gemma2", config, has, layer, vocab=256000)


def normed_on_both_sides(config: Config, **own: Any) -> Layer:
    """A layer with a norm before and after attention and feed-forward; `own` replaces fields of `Attention`."""
    normed = rms_norm_from_one(config.number("rms_norm_eps", 1e-6))
    scale, bias = config.positive("query_pre_attn_scalar", 256) ** -0.5, config.flag("attention_bias", False)
    attn = attention(config, scale=scale, **biased(bias), **own)
    config.get("hidden_act", None)  # no effect: hidden_activation decides
    activation = config.activation("hidden_activation", "gelu_pytorch_tanh")
    mlp = feed_forward(config.size("intermediate_size", 9216), activation, gated=True)
    return Layer(
        "pre_norm", attn, mlp, attn_norm=normed, attn_output_norm=normed, mlp_norm=normed, mlp_output_norm=normed
    )


def gemma_decoder(
    family: str, config: Config, has: Callable[[str], bool], layer: Callable[[int], Layer], **usual: Any
) -> Spec:
    """The embedding, final norm and head that Gemma 2 and 3 share."""
    return decoder(
        family, config, has, layer, final_norm=rms_norm_from_one(config.number("rms_norm_eps", 1e-6)), tied=True,
        embed_scale=config.size("hidden_size") ** 0.5,
        cap=config.positive_or_null("final_logit_softcapping"), **usual,
    )  # fmt: skip
