"""Command R (Cohere 2024): attention and feed-forward in parallel, LayerNorm without a bias, interleaved rotary
pairs, and scaled logits."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import biased, layer_norm
from attncli.architecture.spec import HeadNorm, Layer, Spec
from attncli.configs import decoder
from attncli.configs.decoder import PREFIXES
from attncli.configs.fields import Config
from attncli.configs.rope import rotary
from attncli.configs.tensors import Tensor

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    return decoder.tensors(config) | decoder.norms(decoder.HEAD_NORMS)


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.assume(hidden_size=8192, num_attention_heads=64, max_position_embeddings=8192, rope_theta=500000.0)
    config.get("model_max_length", None)  # a limit on the length of the text, not part of the computation
    normed = layer_norm(config.number("layer_norm_eps", 1e-5), bias=False)
    each = HeadNorm(normed, over="heads") if config.flag("use_qk_norm", False) else None
    d_head = decoder.head_size(config, config.size("hidden_size"), config.size("num_attention_heads"))
    attn = decoder.attention(
        config, **biased(config.flag("attention_bias", False)), q_norm=each, k_norm=each,
        rotary=rotary(config, d_head, interleaved=True),
    )  # fmt: skip
    mlp = decoder.gated(config, 22528)
    layer = Layer("parallel", attn, mlp, attn_norm=normed)
    return decoder.decoder(
        "cohere", config, has, lambda number: layer, final_norm=normed, layers=40, vocab=256000, tied=True,
        logit_scale=config.number("logit_scale", 0.0625),
    )  # fmt: skip
