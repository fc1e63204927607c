"""OLMo 2 (Team OLMo 2024): norms after attention and feed-forward instead of before, and of queries and keys with
all heads side by side."""

from __future__ import annotations

from collections.abc import Callable

from attncli.families import Tensor, decoder
from attncli.families.config import Config
from attncli.families.decoder import PREFIXES, QKV
from attncli.parts import feed_forward, rms_norm
from attncli.spec import HeadNorm, Layer, Spec

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    norms = {
        "attn.q_norm": "self_attn.q_norm",
        "attn.k_norm": "self_attn.k_norm",
        "attn.output_norm": "post_attention_layernorm",
        "mlp.output_norm": "post_feedforward_layernorm",
    }
    return decoder.tensors(config) | {
        f"layers.{{L}}.{ours}.weight": Tensor(f"layers.{{L}}.{theirs}.weight") for ours, theirs in norms.items()
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    normed = rms_norm(config.number("rms_norm_eps", 1e-5))
    bias, over_all = config.flag("attention_bias", False), HeadNorm(normed, over="all")
    attn = decoder.attention(
        config, qkv_bias=QKV if bias else frozenset(), output_bias=bias, q_norm=over_all, k_norm=over_all
    )
    mlp = feed_forward(
        config.size("intermediate_size", 11008), config.activation("hidden_act", "silu"), gated=True
    )
    layer = Layer("pre_norm", attn, mlp, attn_output_norm=normed, mlp_output_norm=normed)
    return decoder.decoder("olmo2", config, has, lambda number: layer, final_norm=normed, vocab=50304)
