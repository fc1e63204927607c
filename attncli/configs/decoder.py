"""What most decoders since Llama share (Touvron et al. 2023): rotary positions, a norm before attention and before
the feed-forward, grouped-query attention, a gated feed-forward; and the config fields and tensors of these.

Each family's file says how it differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attncli.architecture.parts import CAUSAL, feed_forward
from attncli.architecture.spec import Attention, Embed, FeedForward, Head, Layer, Norm, Spec, Stack
from attncli.configs.fields import Config
from attncli.configs.rope import grows_with_length, rotary
from attncli.configs.tensors import PROJECTIONS, Tensor, linears, tied_head

PREFIXES = ("model.",)
MATRICES = {"gate": "gate_proj", "hidden": "up_proj", "output": "down_proj"}
"""The matrices of a feed-forward: our name -> theirs."""


def tensors(config: Config) -> dict[str, Tensor]:
    """Llama's tensors. An entry that a model does not use does no harm."""
    return {
        "embed.tokens.weight": Tensor("embed_tokens.weight"),
        "layers.{L}.attn.norm.weight": Tensor("layers.{L}.input_layernorm.weight"),
        **linears("layers.{L}.attn", "layers.{L}.self_attn", PROJECTIONS | {"output": "o_proj"}),
        "layers.{L}.mlp.norm.weight": Tensor("layers.{L}.post_attention_layernorm.weight"),
        **linears("layers.{L}.mlp", "layers.{L}.mlp", MATRICES),
        "final.norm.weight": Tensor("norm.weight"),
        "head.weight": Tensor("lm_head.weight", transposed=True),
    }


def norms(names: Mapping[str, str]) -> dict[str, Tensor]:
    """The norms of each layer that have a weight and no bias: our name -> theirs."""
    return {f"layers.{{L}}.{ours}.weight": Tensor(f"layers.{{L}}.{names[ours]}.weight") for ours in names}


HEAD_NORMS = {"attn.q_norm": "self_attn.q_norm", "attn.k_norm": "self_attn.k_norm"}


def head_size(config: Config, d_model: int, heads: int) -> int:
    """head_dim, or else hidden_size / num_attention_heads."""
    return config.size_or_null("head_dim") or config.divides("num_attention_heads", heads, "hidden_size", d_model)


def attention(config: Config, **own: Any) -> Attention:
    """Llama's attention, from the usual fields; `own` replaces fields of `Attention`."""
    d_model, heads = config.size("hidden_size", 4096), config.size("num_attention_heads", 32)
    kv_heads = config.size("num_key_value_heads", heads)
    config.divides("num_key_value_heads", kv_heads, "num_attention_heads", heads)
    d_head = own.pop("d_head", None) or head_size(config, d_model, heads)
    if "rotary" not in own:
        own["rotary"] = rotary(config, d_head)
    return Attention(heads, kv_heads, d_head, **{"scale": d_head**-0.5, "mask": CAUSAL} | own)


def gated(config: Config, size: int, *, name: str = "intermediate_size", bias: bool = False) -> FeedForward:
    """Llama's gated feed-forward; the field `name` says how many units it has, by default `size`."""
    return feed_forward(config.size(name, size), config.activation("hidden_act", "silu"), gated=True, bias=bias)


def decoder(
    family: str,
    config: Config,
    has: Callable[[str], bool],
    layer: Callable[[int], Layer],
    *,
    final_norm: Norm | None,
    layers: int = 32,
    vocab: int = 32000,
    max_positions: int | None = 2048,
    tied: bool = False,
    embed_scale: float = 1.0,
    **head: Any,
) -> Spec:
    """The Spec of a decoder; `layer(number)` makes each layer. The keywords are the family's defaults for the
    usual fields; `head`: more fields of `Head`. `max_positions` None: the text may have any length."""
    d_model, own_head = config.size("hidden_size", 4096), has("lm_head.weight")
    limit = None if max_positions is None else config.size("max_position_embeddings", max_positions)
    if grows_with_length(config):
        limit = None
    is_tied = tied_head(config, tied, own_head)
    numbers = range(config.size("num_hidden_layers", layers))
    return Spec(
        family,
        d_model,
        config.size("vocab_size", vocab),
        (Stack(Embed("rotary", d_model, limit, scale=embed_scale), tuple(map(layer, numbers)), final_norm),),
        Head(is_tied, **head) if is_tied or own_head else None,
    )
