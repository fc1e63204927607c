"""Llama (Touvron et al. 2023; Grattafiori et al. 2024): rotary positions, RMSNorm before each part,
keys and values shared by groups of heads, a gated feed-forward."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attncli.families import Tensor, linear, tied_head
from attncli.families.config import Config, rotary_frequencies
from attncli.formula.feed_forward import ACTIVATIONS
from attncli.formula.masks import causal_mask
from attncli.formula.norms import rms_norm
from attncli.spec import Spec

PREFIXES = ("model.",)

TENSORS = {
    "embed.tokens.weight": Tensor("embed_tokens.weight"),
    "layers.{L}.attn.norm.weight": Tensor("layers.{L}.input_layernorm.weight"),
    **linear("layers.{L}.attn.q", "layers.{L}.self_attn.q_proj"),
    **linear("layers.{L}.attn.k", "layers.{L}.self_attn.k_proj"),
    **linear("layers.{L}.attn.v", "layers.{L}.self_attn.v_proj"),
    **linear("layers.{L}.attn.output", "layers.{L}.self_attn.o_proj"),
    "layers.{L}.mlp.norm.weight": Tensor("layers.{L}.post_attention_layernorm.weight"),
    **linear("layers.{L}.mlp.gate", "layers.{L}.mlp.gate_proj"),
    **linear("layers.{L}.mlp.hidden", "layers.{L}.mlp.up_proj"),
    **linear("layers.{L}.mlp.output", "layers.{L}.mlp.down_proj"),
    "final.norm.weight": Tensor("norm.weight"),
    "head.weight": Tensor("lm_head.weight", transposed=True),
}


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    d_model, heads = config.size("hidden_size", 4096), config.size("num_attention_heads", 32)
    kv_heads = config.size("num_key_value_heads", heads)
    config.divides("num_key_value_heads", kv_heads, "num_attention_heads", heads)
    declared = config.get("head_dim", None)
    d_head = (
        config.divides("num_attention_heads", heads, "hidden_size", d_model)
        if declared is None
        else config.size("head_dim")
    )
    attention_bias = config.flag("attention_bias", False)
    own_head = has("lm_head.weight")
    tied = tied_head(config, False, own_head)
    activation = config.activation("hidden_act", "silu")
    return Spec(
        family="llama",
        layers=config.size("num_hidden_layers", 32),
        heads=heads,
        kv_heads=kv_heads,
        d_model=d_model,
        d_head=d_head,
        vocab=config.size("vocab_size", 32000),
        positions="rotary",
        max_positions=config.size("max_position_embeddings", 2048),
        frequencies=rotary_frequencies(config, d_head),
        causal=True,
        mask=causal_mask,
        scale=d_head**-0.5,
        d_ff=config.size("intermediate_size", 11008),
        norm=partial(rms_norm, eps=config.number("rms_norm_eps", 1e-6)),
        norm_name="RMSNorm",
        norm_bias=False,
        final_norm=True,
        activation=ACTIVATIONS[activation],
        activation_name=activation,
        gated=True,
        qkv_bias=frozenset("qkv") if attention_bias else frozenset(),
        output_bias=attention_bias,
        mlp_bias=config.flag("mlp_bias", False),
        head="linear" if tied or own_head else "none",
        tied=tied,
    )
