"""OPT (Zhang et al. 2022): GPT-2 with ReLU, and positions that start at row 2 of their table.

The 350m model has its norms after attention and feed-forward, and token vectors smaller than the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from attncli.architecture.parts import CAUSAL, biased, feed_forward, layer_norm
from attncli.architecture.spec import Attention, Embed, Layer, Spec
from attncli.configs.fields import Config
from attncli.configs.gpt import gpt_decoder
from attncli.configs.tensors import PROJECTIONS, Tensor, linear, linears, norm
from attncli.formula.types import Index

PREFIXES = ("model.decoder.", "decoder.")
OFFSET = 2
"""The first rows of the position table are unused (transformers, OPTLearnedPositionalEmbedding)."""


def tensors(config: Config) -> dict[str, Tensor]:
    return {
        "embed.tokens.weight": Tensor("embed_tokens.weight"),
        "embed.positions.weight": Tensor("embed_positions.weight"),
        **linear("embed.project", "project_in", bias=False),
        **linears("layers.{L}.attn", "layers.{L}.self_attn", PROJECTIONS | {"output": "out_proj"}),
        **norm("layers.{L}.attn.norm", "layers.{L}.self_attn_layer_norm"),
        **linear("layers.{L}.mlp.hidden", "layers.{L}.fc1"),
        **linear("layers.{L}.mlp.output", "layers.{L}.fc2"),
        **norm("layers.{L}.mlp.norm", "layers.{L}.final_layer_norm"),
        **norm("final.norm", "final_layer_norm"),
        **linear("head.project", "project_out", bias=False),
        "head.weight": Tensor("lm_head.weight", transposed=True),
    }


def after_offset(ids: Sequence[int]) -> Index:
    return np.arange(len(ids)) + OFFSET


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.only("learned_embeddings", True)  # set by Galactica
    config.only("scale_embeddings", False)
    d_model, heads = config.size("hidden_size", 768), config.size("num_attention_heads", 12)
    d_head = config.divides("num_attention_heads", heads, "hidden_size", d_model)
    bias, pre_norm = config.flag("enable_bias", True), config.flag("do_layer_norm_before", True)
    affine = config.flag("layer_norm_elementwise_affine", True)
    normed = layer_norm(1e-5, weight=affine, bias=affine)
    attn = Attention(heads, heads, d_head, d_head**-0.5, CAUSAL, **biased(bias))
    mlp = feed_forward(config.size("ffn_dim", 3072), config.activation("activation_function", "relu"), bias=bias)
    layer = Layer("pre_norm" if pre_norm else "post_norm", attn, mlp, attn_norm=normed, mlp_norm=normed)
    positions, width = config.size("max_position_embeddings", 2048), config.size("word_embed_proj_dim", d_model)
    embed = Embed(
        "learned", width, positions, rows=positions + OFFSET, position_of=after_offset,
        position_text=f"pos + {OFFSET}", project="tokens" if width != d_model else "",
    )  # fmt: skip
    removed = config.flag("_remove_final_layer_norm", False)
    return gpt_decoder(
        "opt", config, has, embed, [layer] * config.size("num_hidden_layers", 12),
        normed if pre_norm and not removed else None, d_model=d_model, vocab=50272, project=width != d_model,
    )  # fmt: skip
