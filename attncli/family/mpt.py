"""MPT (MosaicML 2023): ALiBi with slopes in an order of its own, and no biases of linear maps."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from attncli.architecture.parts import CAUSAL, feed_forward, layer_norm, linear_bias
from attncli.architecture.spec import Attention, Embed, Layer, Spec
from attncli.configs.fields import Config
from attncli.configs.gpt import PREFIXES, gpt_decoder
from attncli.configs.tensors import Tensor, equal_parts, fused, linear
from attncli.formula.types import Array

__all__ = ["PREFIXES", "spec", "tensors"]

LAYER_NORMS = ("low_precision_layernorm", "layernorm")


def tensors(config: Config) -> dict[str, Tensor]:
    return {
        "embed.tokens.weight": Tensor("wte.weight"),
        "layers.{L}.attn.norm.weight": Tensor("blocks.{L}.norm_1.weight"),
        **fused("layers.{L}.attn", "blocks.{L}.attn.Wqkv", equal_parts("q", "k", "v"), bias=False),
        **linear("layers.{L}.attn.output", "blocks.{L}.attn.out_proj", bias=False),
        "layers.{L}.mlp.norm.weight": Tensor("blocks.{L}.norm_2.weight"),
        **linear("layers.{L}.mlp.hidden", "blocks.{L}.ffn.up_proj", bias=False),
        **linear("layers.{L}.mlp.output", "blocks.{L}.ffn.down_proj", bias=False),
        "final.norm.weight": Tensor("norm_f.weight"),
        "head.weight": Tensor("lm_head.weight", transposed=True),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.unused("init_device", "init_config", "verbose", "embedding_fraction", "tokenizer_name")
    config.unused("learned_pos_emb")  # ALiBi replaces them (the authors' MPTConfig)
    config.only("expansion_ratio", 4)
    config.only("logit_scale", None)
    config.only("no_bias", True)
    if config.get("norm_type", LAYER_NORMS[0]) not in LAYER_NORMS:
        config.only("norm_type", LAYER_NORMS[0])
    own = config.inner("attn_config")
    own.unused("attn_pdrop", "attn_impl", "attn_uses_sequence_id")  # the last separates texts within a batch
    own.only("attn_type", "multihead_attention")
    own.only("prefix_lm", False)
    own.only("qk_ln", False)
    own.only("alibi", True)
    d_model = config.size_by_names(2048, "d_model", "hidden_size")
    heads = config.size_by_names(16, "n_heads", "num_attention_heads")
    d_head = config.divides("n_heads", heads, "d_model", d_model)
    attn = Attention(
        heads, heads, d_head, own.number("softmax_scale", d_head**-0.5), CAUSAL,
        clip=own.number("clip_qkv", 0) or None,
        bias=linear_bias(slopes(heads, own.number("alibi_bias_max", 8))),
    )  # fmt: skip
    own.finish()
    normed = layer_norm(config.number("layer_norm_epsilon", 1e-5), bias=False)
    layer = Layer("pre_norm", attn, feed_forward(4 * d_model, "gelu"), attn_norm=normed, mlp_norm=normed)
    embed = Embed("alibi", d_model, config.size("max_seq_len", 2048))
    layers = [layer] * config.size_by_names(24, "n_layers", "num_hidden_layers")
    return gpt_decoder("mpt", config, has, embed, layers, normed, d_model=d_model, vocab=50368)


def slopes(heads: int, steepest: float) -> Array:
    """2^(-b h/n) for h = 1 … n, with b = alibi_bias_max and n the number of heads rounded up to a power of two.
    Where n is larger than the number of heads: first every second slope from the second, then those from the first
    (the authors' gen_slopes). `transformers` ignores alibi_bias_max and uses 8. float64 [head]."""
    n = 2 ** math.ceil(math.log2(heads))
    m = 2.0 ** (-steepest / n * np.arange(1, n + 1))
    return m if n == heads else np.concatenate([m[1::2], m[0::2]])[:heads]
