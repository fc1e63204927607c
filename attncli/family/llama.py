"""Llama (Touvron et al. 2023; Grattafiori et al. 2024): the decoder that most others here are compared with."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import biased, rms_norm
from attncli.architecture.spec import Layer, Spec
from attncli.configs.decoder import PREFIXES, attention, decoder, gated, tensors
from attncli.configs.fields import Config

__all__ = ["PREFIXES", "spec", "tensors"]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    normed = rms_norm(config.number("rms_norm_eps", 1e-6))
    attn = attention(config, **biased(config.flag("attention_bias", False)))
    mlp = gated(config, 11008, bias=config.flag("mlp_bias", False))
    layer = Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)
    return decoder("llama", config, has, lambda number: layer, final_norm=normed)
