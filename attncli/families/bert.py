"""BERT (Devlin et al. 2018): sees both ways, learned positions and segments, LayerNorm after each part.

Its logits come from the masked-word head, where the checkpoint has one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from attncli.families import Tensor, linear, norm, tied_head
from attncli.families.config import Config
from attncli.formula.feed_forward import ACTIVATIONS
from attncli.formula.masks import causal_mask, no_mask
from attncli.formula.norms import layer_norm
from attncli.spec import Spec

PREFIXES = ("bert.",)

_LAYER = "encoder.layer.{L}"
TENSORS = {
    "embed.tokens.weight": Tensor("embeddings.word_embeddings.weight"),
    "embed.positions.weight": Tensor("embeddings.position_embeddings.weight"),
    "embed.types.weight": Tensor("embeddings.token_type_embeddings.weight"),
    **norm("embed.norm", "embeddings.LayerNorm"),
    **linear("layers.{L}.attn.q", f"{_LAYER}.attention.self.query"),
    **linear("layers.{L}.attn.k", f"{_LAYER}.attention.self.key"),
    **linear("layers.{L}.attn.v", f"{_LAYER}.attention.self.value"),
    **linear("layers.{L}.attn.output", f"{_LAYER}.attention.output.dense"),
    **norm("layers.{L}.attn.norm", f"{_LAYER}.attention.output.LayerNorm"),
    **linear("layers.{L}.mlp.hidden", f"{_LAYER}.intermediate.dense"),
    **linear("layers.{L}.mlp.output", f"{_LAYER}.output.dense"),
    **norm("layers.{L}.mlp.norm", f"{_LAYER}.output.LayerNorm"),
    **linear("head.transform", "cls.predictions.transform.dense"),
    **norm("head.norm", "cls.predictions.transform.LayerNorm"),
    "head.weight": Tensor("cls.predictions.decoder.weight", transposed=True),
    "head.bias": Tensor("cls.predictions.bias", alias="cls.predictions.decoder.bias"),
}


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.only("position_embedding_type", "absolute")
    config.only("add_cross_attention", False)
    config.only("embedding_size", config.size("hidden_size", 768))
    d_model, heads = config.size("hidden_size", 768), config.size("num_attention_heads", 12)
    d_head = config.divides("num_attention_heads", heads, "hidden_size", d_model)
    causal = config.flag("is_decoder", False)
    activation = config.activation("hidden_act", "gelu")
    return Spec(
        family="bert",
        layers=config.size("num_hidden_layers", 12),
        heads=heads,
        kv_heads=heads,
        d_model=d_model,
        d_head=d_head,
        vocab=config.size("vocab_size", 30522),
        positions="learned",
        max_positions=config.size("max_position_embeddings", 512),
        types=config.size("type_vocab_size", 2),
        causal=causal,
        mask=causal_mask if causal else no_mask,
        scale=d_head**-0.5,
        d_ff=config.size("intermediate_size", 3072),
        block="post_norm",
        norm=partial(layer_norm, eps=config.number("layer_norm_eps", 1e-12)),
        embed_norm=True,
        activation=ACTIVATIONS[activation],
        activation_name=activation,
        qkv_bias=frozenset("qkv"),
        output_bias=True,
        mlp_bias=True,
        head="masked_lm" if has("cls.predictions.transform.dense.weight") else "none",
        head_bias=True,
        tied=tied_head(config, True, has("cls.predictions.decoder.weight")),
    )
