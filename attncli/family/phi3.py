"""Phi 3 and 4 (Abdin et al. 2024): Llama with q, k, v fused in one matrix and gate and hidden units in another, a
sliding window, and rotary factors for long texts."""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.parts import rms_norm
from attncli.architecture.spec import Attention, Layer, Rotary, Spec
from attncli.configs import decoder
from attncli.configs.decoder import PREFIXES
from attncli.configs.fields import Config
from attncli.configs.rope import rope_settings, rotary
from attncli.configs.tensors import Tensor, equal_parts, fused, rows
from attncli.configs.windows import causal_mask, window

__all__ = ["PREFIXES", "spec", "tensors"]

OLD_NAMES = ("su", "yarn")
"""What older files call `longrope` (configuration_phi3, convert_rope_params_to_dict)."""


def tensors(config: Config) -> dict[str, Tensor]:
    attn = _attention(config)
    queries, keys = attn.heads * attn.d_head, attn.kv_heads * attn.d_head
    takes = {"q": rows(0, queries), "k": rows(queries, queries + keys), "v": rows(queries + keys, None)}
    return {
        **decoder.tensors(config),
        **fused("layers.{L}.attn", "layers.{L}.self_attn.qkv_proj", takes, bias=False),
        **fused("layers.{L}.mlp", "layers.{L}.mlp.gate_up_proj", equal_parts("gate", "hidden"), bias=False),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    for name in ("attention_bias", "mlp_bias", "lm_head_bias"):
        config.only(name, False)
    for name in ("interpolate_factor", "full_attn_mod"):
        config.only(name, 1)
    normed = rms_norm(config.number("rms_norm_eps", 1e-5))
    mlp = decoder.gated(config, 8192)
    layer = Layer("pre_norm", _attention(config), mlp, attn_norm=normed, mlp_norm=normed)
    return decoder.decoder(
        "phi3", config, has, lambda number: layer, final_norm=normed, vocab=32064, max_positions=4096
    )


def _attention(config: Config) -> Attention:
    config.assume(hidden_size=3072, max_position_embeddings=4096, original_max_position_embeddings=4096)
    d_head = decoder.head_size(config, config.size("hidden_size"), config.size("num_attention_heads", 32))
    return decoder.attention(config, mask=causal_mask(window(config)), rotary=_rotary(config, d_head))


def _rotary(config: Config, d_head: int) -> Rotary:
    settings = rope_settings(config)
    if settings.get("rope_type", settings.get("type")) in OLD_NAMES:
        settings["rope_type"] = "longrope"
    return rotary(config, d_head, settings=settings)
