"""StarCoder2 (Lozhkov et al. 2024): Llama's attention with a sliding window, GPT-2's norms and feed-forward, and
biases."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import biased, feed_forward, layer_norm
from attncli.architecture.spec import Layer, Spec
from attncli.configs.decoder import PREFIXES, attention, decoder
from attncli.configs.decoder import tensors as llama_tensors
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, linear, norm
from attncli.configs.windows import causal_mask, window

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    return llama_tensors(config) | {
        **norm("layers.{L}.attn.norm", "layers.{L}.input_layernorm"),
        **norm("layers.{L}.mlp.norm", "layers.{L}.post_attention_layernorm"),
        **linear("layers.{L}.mlp.hidden", "layers.{L}.mlp.c_fc"),
        **linear("layers.{L}.mlp.output", "layers.{L}.mlp.c_proj"),
        **norm("final.norm", "norm"),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.unused("attention_softmax_in_fp32", "scale_attention_softmax_in_fp32")  # only about rounding
    config.only("scale_attn_weights", True)
    config.only("mlp_type", "default")
    config.only("norm_type", "layer_norm")
    eps = config.number("norm_epsilon", 1e-5)
    config.only("layer_norm_epsilon", eps)  # another name of the same field: the published files have both
    bias = config.flag("use_bias", True)
    for required in ("hidden_size", "num_attention_heads", "num_key_value_heads"):
        config.size(required)  # Llama's defaults do not apply
    attn = attention(config, mask=causal_mask(window(config)), **biased(bias))
    activation = config.activation("hidden_act", "gelu_pytorch_tanh")
    mlp = feed_forward(config.size("intermediate_size", 12288), activation, bias=bias)
    normed = layer_norm(eps)
    layer = Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)
    return decoder(
        "starcoder2", config, has, lambda number: layer, final_norm=normed,
        layers=30, vocab=49152, max_positions=4096, tied=True,
    )  # fmt: skip
