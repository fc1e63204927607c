"""gpt-oss (OpenAI 2025): attention sinks, a sliding window in every second layer, and experts whose gate and
hidden columns alternate in one matrix."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attncli.architecture.parts import biased, rms_norm
from attncli.architecture.spec import Experts, FeedForward, Layer, Rotary, Spec
from attncli.checkpoints import Take
from attncli.configs import decoder
from attncli.configs.decoder import PREFIXES
from attncli.configs.fields import Config
from attncli.configs.rope import rope_settings, rotary
from attncli.configs.tensors import Tensor, linear
from attncli.configs.windows import layer_mask, layer_types, window
from attncli.formula.feed_forward import clamped_swiglu, silu
from attncli.formula.routing import softmax_of_chosen
from attncli.language import N_

__all__ = ["PREFIXES", "spec", "tensors"]

YARN = {"rope_type": "yarn", "factor": 32.0, "truncate": False, "original_max_position_embeddings": 4096}
"""The default rope_parameters (configuration_gpt_oss)."""


def tensors(config: Config) -> dict[str, Tensor]:
    experts = "layers.{L}.mlp.experts"
    return {
        **decoder.tensors(config),
        "layers.{L}.attn.sinks": Tensor("layers.{L}.self_attn.sinks"),
        **linear("layers.{L}.mlp.router", "layers.{L}.mlp.router"),
        **{
            f"{experts}.{{E}}.{ours}.{kind}": Tensor(f"{experts}.gate_up_proj{theirs}", take=_every_other(first))
            for first, ours in enumerate(("gate", "hidden"))
            for kind, theirs in (("weight", ""), ("bias", "_bias"))
        },
        f"{experts}.{{E}}.output.weight": Tensor(f"{experts}.down_proj"),
        f"{experts}.{{E}}.output.bias": Tensor(f"{experts}.down_proj_bias"),
    }


def _every_other(first: int) -> Take:
    """Takes every second column: gate and hidden columns alternate."""
    return lambda stored: stored[..., first::2]


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.unused("initial_context_length", "experts_per_token")  # other names of fields that are read
    for name in ("output_router_logits", "router_aux_loss_coef"):
        config.get(name, None)
    config.only("hidden_act", "silu")  # transformers has no other (modeling_gpt_oss, GptOssExperts._apply_gate)
    config.assume(
        num_hidden_layers=36, hidden_size=2880, head_dim=64, num_attention_heads=64, num_key_value_heads=8,
        sliding_window=128, max_position_embeddings=131072, rope_theta=150000.0,
    )  # fmt: skip
    bias = config.flag("attention_bias", True)
    size, types = window(config), layer_types(config, lambda number: number % 2 == 0)
    normed = rms_norm(config.number("rms_norm_eps", 1e-5))
    mlp, positions = _experts(config), _rotary(config)

    def layer(number: int) -> Layer:
        attn = decoder.attention(
            config, mask=layer_mask(config, types[number], size), **biased(bias), rotary=positions, sinks=True,
        )  # fmt: skip
        return Layer("pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)

    return decoder.decoder("gpt_oss", config, has, layer, final_norm=normed, vocab=201088)


def _rotary(config: Config) -> Rotary:
    settings = rope_settings(config)
    has_own = config.get("rope_parameters", config.get("rope_scaling", None)) is not None
    return rotary(config, config.size("head_dim"), settings=settings if has_own else YARN | settings)


def _experts(config: Config) -> Experts:
    steepness, limit = config.number("swiglu_alpha", 1.702), config.number("swiglu_limit", 7.0)
    each = FeedForward(
        config.size("intermediate_size", 2880), silu, "silu", gated=True, bias=True,
        combine=partial(clamped_swiglu, steepness=steepness, limit=limit),
        combine_text=f"(clip(H, ±{limit:g}) + 1) ⊙ min(G, {limit:g}) ⊙ σ({steepness:g} min(G, {limit:g}))",
    )  # fmt: skip
    count = config.size_by_names(128, "num_local_experts", "num_experts")
    chosen = config.size("num_experts_per_tok", 4)
    return Experts(
        count, chosen, each, lambda logits, _: softmax_of_chosen(logits, chosen),
        N_("softmax of the {chosen} largest of G_r", chosen=chosen), router_bias=True,
    )  # fmt: skip
