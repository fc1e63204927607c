"""What DeepSeek's decoders share (DeepSeek-AI 2024): multi-head latent attention, and after a few dense layers a
mixture of experts with shared experts that every token uses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.architecture.parts import CAUSAL, feed_forward, rms_norm
from attncli.architecture.spec import Attention, Experts, FeedForward, Latent, Layer, Spec
from attncli.checkpoints import Take
from attncli.configs import decoder
from attncli.configs.fields import Config
from attncli.configs.rope import rope_settings, rotary, yarn_scale
from attncli.configs.tensors import Tensor, linear, linears, rows
from attncli.errors import AttnError
from attncli.language import N_, joined


def tensors(config: Config) -> dict[str, Tensor]:
    """The tensors of latent attention, of the router and of the experts, in addition to Llama's."""
    attn, theirs = "layers.{L}.attn", "layers.{L}.self_attn"
    sizes = attention(config)
    assert sizes.latent is not None
    rank, content, value = sizes.latent.rank, sizes.latent.content, sizes.value_size
    keys, values = slice(0, content), slice(content, content + value)
    return {
        **decoder.tensors(config),
        **linear(f"{attn}.q_down", f"{theirs}.q_a_proj"),
        f"{attn}.q_latent_norm.weight": Tensor(f"{theirs}.q_a_layernorm.weight"),
        **linear(f"{attn}.q_up", f"{theirs}.q_b_proj"),
        **linear(f"{attn}.kv_down", f"{theirs}.kv_a_proj_with_mqa", take=rows(0, rank)),
        **linear(f"{attn}.k_shared", f"{theirs}.kv_a_proj_with_mqa", take=rows(rank, None)),
        f"{attn}.kv_latent_norm.weight": Tensor(f"{theirs}.kv_a_layernorm.weight"),
        **linear(f"{attn}.k_up", f"{theirs}.kv_b_proj", take=_of_each_head(keys, content + value)),
        **linear(f"{attn}.v_up", f"{theirs}.kv_b_proj", take=_of_each_head(values, content + value)),
        "layers.{L}.mlp.router.weight": Tensor("layers.{L}.mlp.gate.weight", transposed=True),
        "layers.{L}.mlp.router.choice": Tensor("layers.{L}.mlp.gate.e_score_correction_bias"),
        **linears("layers.{L}.mlp.experts.{E}", "layers.{L}.mlp.experts.{E}", decoder.MATRICES),
        **linears("layers.{L}.mlp.shared", "layers.{L}.mlp.shared_experts", decoder.MATRICES),
    }


def _of_each_head(which: slice, size: int) -> Take:
    """Takes some rows of each head, out of the `size` rows that a head has."""

    def take(stored: NDArray[Any]) -> NDArray[Any]:
        by_head = stored.reshape(-1, size, stored.shape[-1])  # [head, row, rank]
        return np.reshape(by_head[:, which], (-1, stored.shape[-1]))

    return take


def attention(config: Config) -> Attention:
    """Multi-head latent attention, from the usual fields."""
    config.assume(q_lora_rank=1536)
    heads = config.size("num_attention_heads", 32)
    config.only("num_key_value_heads", heads)
    config.unused("head_dim", "qk_head_dim")  # they follow from the sizes below
    content, rotated = config.size("qk_nope_head_dim", 128), config.size("qk_rope_head_dim", 64)
    bias = config.flag("attention_bias", False)
    latent = Latent(
        config.size_or_null("q_lora_rank"),
        config.size("kv_lora_rank", 512),
        content,
        rotated,
        rms_norm(1e-6),  # not rms_norm_eps (modeling_deepseek_v2 and _v3, q_a_layernorm and kv_a_layernorm)
        bias,
    )
    interleaved = config.flag("rope_interleave", True)
    return Attention(
        heads, heads, content + rotated, _scale(config, content + rotated), CAUSAL,
        d_value=config.size("v_head_dim", 128), output_bias=bias, latent=latent,
        rotary=rotary(config, rotated, start=content, interleaved=interleaved),
    )  # fmt: skip


def _scale(config: Config, size: int) -> float:
    """1 / √d_k, times YaRN's factor where the rotary positions are scaled (modeling_deepseek_v3,
    yarn_apply_mscale)."""
    settings, scale = rope_settings(config), float(size**-0.5)
    kind = settings.get("rope_type", settings.get("type", "default"))
    if kind == "default" or not settings.get("mscale_all_dim"):
        return scale
    if "factor" not in settings:
        raise AttnError(
            N_("{file}: rope scaling {kind!r} needs the number 'factor'.", file=config.file, kind=kind)
        )
    return float(scale * yarn_scale(settings["factor"], settings["mscale_all_dim"]) ** 2)


def times(factor: float, text: str) -> str:
    """A formula with a factor in front, unless the factor is 1."""
    return text if factor == 1 else joined(" ", f"{factor:g}", text)


def mixture_of_experts(
    config: Config, route: Callable[..., Any], text: str, *, choice_bias: bool = False, bias: bool = False
) -> Experts:
    """Experts of moe_intermediate_size units, and n_shared_experts shared ones, stored as one wide expert."""
    config.only("moe_layer_freq", 1)
    size, activation = config.size("moe_intermediate_size"), config.activation("hidden_act", "silu")
    return Experts(
        config.size("n_routed_experts"), config.size("num_experts_per_tok"),
        feed_forward(size, activation, gated=True), route, text, choice_bias=choice_bias,
        shared=feed_forward(size * config.size("n_shared_experts"), activation, gated=True, bias=bias),
    )  # fmt: skip


def latent_decoder(
    family: str, config: Config, has: Callable[[str], bool], dense: FeedForward, experts: Experts
) -> Spec:
    """The Spec: the first first_k_dense_replace layers are dense, the others have experts."""
    config.unused("aux_loss_alpha", "seq_aux", "ep_size", "output_router_logits", "router_aux_loss_coef")
    normed = rms_norm(config.number("rms_norm_eps", 1e-6))
    attn, first = attention(config), config.number("first_k_dense_replace", 0)

    def layer(number: int) -> Layer:
        mlp = experts if number >= first else dense
        return Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)

    return decoder.decoder(family, config, has, layer, final_norm=normed)
