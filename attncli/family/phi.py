"""Phi 1 and 2 (Gunasekar et al. 2023; Li et al. 2023): attention and feed-forward in parallel, LayerNorm, biases
everywhere, and rotary positions in part of each head."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import QKV, feed_forward, layer_norm
from attncli.architecture.spec import HeadNorm, Layer, Spec
from attncli.configs import decoder
from attncli.configs.decoder import PREFIXES
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, linear, norm

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    return {
        **decoder.tensors(config),
        **norm("layers.{L}.attn.norm", "layers.{L}.input_layernorm"),
        **norm("layers.{L}.attn.q_norm", "layers.{L}.self_attn.q_layernorm"),
        **norm("layers.{L}.attn.k_norm", "layers.{L}.self_attn.k_layernorm"),
        **linear("layers.{L}.attn.output", "layers.{L}.self_attn.dense"),
        **linear("layers.{L}.mlp.hidden", "layers.{L}.mlp.fc1"),
        **linear("layers.{L}.mlp.output", "layers.{L}.mlp.fc2"),
        **norm("final.norm", "final_layernorm"),
        **linear("head", "lm_head"),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.assume(hidden_size=2048, num_attention_heads=32, partial_rotary_factor=0.5)
    normed = layer_norm(config.number("layer_norm_eps", 1e-5))
    head_norm = HeadNorm(normed) if config.flag("qk_layernorm", False) else None
    attn = decoder.attention(config, qkv_bias=QKV, output_bias=True, q_norm=head_norm, k_norm=head_norm)
    mlp = feed_forward(
        config.size("intermediate_size", 8192), config.activation("hidden_act", "gelu_new"), bias=True
    )
    layer = Layer("parallel", attn, mlp, attn_norm=normed)
    return decoder.decoder(
        "phi", config, has, lambda number: layer, final_norm=normed, layers=24, vocab=51200, bias=True
    )
