"""Falcon (Almazrouei et al. 2023): attention and feed-forward in parallel, few key and value heads, and one fused
q, k, v matrix.

The first models (RefinedWeb) had ALiBi instead of rotary positions, and the feed-forward after the attention.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncli.architecture.parts import CAUSAL, biased, feed_forward, layer_norm
from attncli.architecture.spec import Attention, Bias, Embed, Layer, ScoreSite, Spec
from attncli.configs.fields import Config
from attncli.configs.gpt import PREFIXES, by_groups, gpt_decoder
from attncli.configs.rope import grows_with_length, rotary
from attncli.configs.tensors import Tensor, fused, linear, norm
from attncli.formula.positions import alibi_slopes
from attncli.formula.types import Array, Index
from attncli.language import N_

__all__ = ["PREFIXES", "spec", "tensors"]


def tensors(config: Config) -> dict[str, Tensor]:
    norms = ("ln_attn", "ln_mlp") if norms_of(config) == 2 else ("input_layernorm", "post_attention_layernorm")
    return {
        "embed.tokens.weight": Tensor("word_embeddings.weight"),
        **norm("layers.{L}.attn.norm", f"h.{{L}}.{norms[0]}"),
        **fused("layers.{L}.attn", "h.{L}.self_attention.query_key_value", by_groups(*heads_of(config))),
        **linear("layers.{L}.attn.output", "h.{L}.self_attention.dense"),
        **norm("layers.{L}.mlp.norm", f"h.{{L}}.{norms[1]}"),
        **linear("layers.{L}.mlp.hidden", "h.{L}.mlp.dense_h_to_4h"),
        **linear("layers.{L}.mlp.output", "h.{L}.mlp.dense_4h_to_h"),
        **norm("final.norm", "ln_f"),
        "head.weight": Tensor("lm_head.weight", transposed=True),
    }


def heads_of(config: Config) -> tuple[int, int]:
    """How many heads of queries, and of keys and values."""
    heads = config.size_by_names(71, "num_attention_heads", "n_head")
    if is_new(config):
        kv_heads = config.size_by_names(heads, "num_kv_heads", "n_head_kv")
    else:
        config.unused("num_kv_heads")
        kv_heads = 1 if config.flag("multi_query", True) else heads
    config.divides("num_kv_heads", kv_heads, "num_attention_heads", heads)
    return heads, kv_heads


def is_new(config: Config) -> bool:
    """Whether the layers are those of Falcon-40B. Its first files say so only by their model_type (modelling_RW.py
    of the authors)."""
    return config.flag("new_decoder_architecture", config.get("model_type", None) == "RefinedWeb")


def norms_of(config: Config) -> int:
    """How many norms stand before parallel attention and feed-forward: 2 since Falcon-40B, else 1."""
    if not is_new(config):
        config.only("num_ln_in_parallel_attn", 1)
        return 1
    config.only("parallel_attn", True)
    return config.size("num_ln_in_parallel_attn", 2)


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.unused("multi_query", "rope_theta", "rope_scaling", "rope_parameters")  # no effect in some models
    config.only("apply_residual_connection_post_layernorm", False)
    config.only("ff_factor", 4)
    d_model, (heads, kv_heads) = config.size_by_names(4544, "hidden_size", "n_embed"), heads_of(config)
    d_head = config.divides("num_attention_heads", heads, "hidden_size", d_model)
    bias, by_distance = config.flag("bias", False), config.flag("alibi", False)
    attn = Attention(
        heads, kv_heads, d_head, d_head**-0.5, CAUSAL, **biased(bias),
        rotary=None if by_distance else rotary(config, d_head),
        bias=scaled_alibi(heads, d_head) if by_distance else None,
    )  # fmt: skip
    mlp = feed_forward(
        config.size("ffn_hidden_size", 4 * d_model), config.activation("activation", "gelu"), bias=bias
    )
    normed, parallel = layer_norm(config.number("layer_norm_epsilon", 1e-5)), config.flag("parallel_attn", True)
    own_norm = norms_of(config) == 2 or not parallel
    layer = Layer(
        "parallel" if parallel else "pre_norm", attn, mlp, attn_norm=normed, mlp_norm=normed if own_norm else None
    )
    positions = config.size("max_position_embeddings", 2048)
    unlimited = by_distance or grows_with_length(config)
    embed = Embed("alibi" if by_distance else "rotary", d_model, None if unlimited else positions)
    layers = [layer] * config.size_by_names(32, "num_hidden_layers", "n_layer")
    return gpt_decoder("falcon", config, has, embed, layers, normed, d_model=d_model, vocab=65024)


def scaled_alibi(heads: int, d_head: int) -> Bias:
    """ALiBi as m · key / √d_k: scaled like the scores, and rounded to bfloat16 before, as in training
    (transformers, modeling_falcon, build_alibi_tensor). It is added once. Eager attention in `transformers` adds
    it twice, in the mask (FalconModel.forward) and again (FalconAttention.forward); its other implementations add
    it once."""
    slopes = to_bfloat16(alibi_slopes(heads))

    def add(s: ScoreSite, scaled: Array, q: Array, k: Array) -> Array:
        keys = to_bfloat16(np.arange(k.shape[-2]))
        bias = to_bfloat16(slopes[list(s.heads), None, None] * keys)  # [head, 1, key]
        return scaled + (bias * d_head**-0.5).astype(scaled.dtype)

    return Bias("B = S' + m key / √d_k", N_("ALiBi by the position of the key: later keys score higher"), add)


def to_bfloat16(x: Array | Index) -> Array:
    """The numbers rounded to bfloat16, ties to even, as float32."""
    bits = x.astype(np.float32).view(np.uint32)
    rounded = bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))
    return (rounded & np.uint32(0xFFFF0000)).view(np.float32)
