"""OLMo 2 (Team OLMo 2024): Llama with norms after attention and feed-forward instead of before, and norms of
queries and keys over all heads together."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import biased, rms_norm
from attncli.architecture.spec import HeadNorm, Layer, Spec
from attncli.configs import decoder
from attncli.configs.decoder import PREFIXES
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    around = {"attn.output_norm": "post_attention_layernorm", "mlp.output_norm": "post_feedforward_layernorm"}
    return decoder.tensors(config) | decoder.norms(decoder.HEAD_NORMS | around)


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    normed = rms_norm(config.number("rms_norm_eps", 1e-5))
    bias, over_all = config.flag("attention_bias", False), HeadNorm(normed, over="all")
    attn = decoder.attention(config, **biased(bias), q_norm=over_all, k_norm=over_all)
    mlp = decoder.gated(config, 11008)
    layer = Layer("pre_norm", attn, mlp, attn_output_norm=normed, mlp_output_norm=normed)
    return decoder.decoder("olmo2", config, has, lambda number: layer, final_norm=normed, vocab=50304)
