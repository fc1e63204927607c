"""BERT (Devlin et al. 2018): sees both ways, learned positions and segments, LayerNorm after each part.

Its logits come from the masked-word head, where the checkpoint has one.
"""

from __future__ import annotations

from collections.abc import Callable

from attncli.families import Tensor, linear, norm, tied_head
from attncli.families.config import Config
from attncli.formula.feed_forward import ACTIVATIONS
from attncli.parts import CAUSAL, EVERY_KEY, feed_forward, layer_norm
from attncli.spec import Attention, Embed, Head, Layer, Spec, Stack, Transform

PREFIXES = ("bert.",)


def tensors(config: Config) -> dict[str, Tensor]:
    layer = "encoder.layer.{L}"
    return {
        "embed.tokens.weight": Tensor("embeddings.word_embeddings.weight"),
        "embed.positions.weight": Tensor("embeddings.position_embeddings.weight"),
        "embed.types.weight": Tensor("embeddings.token_type_embeddings.weight"),
        **norm("embed.norm", "embeddings.LayerNorm"),
        **linear("layers.{L}.attn.q", f"{layer}.attention.self.query"),
        **linear("layers.{L}.attn.k", f"{layer}.attention.self.key"),
        **linear("layers.{L}.attn.v", f"{layer}.attention.self.value"),
        **linear("layers.{L}.attn.output", f"{layer}.attention.output.dense"),
        **norm("layers.{L}.attn.norm", f"{layer}.attention.output.LayerNorm"),
        **linear("layers.{L}.mlp.hidden", f"{layer}.intermediate.dense"),
        **linear("layers.{L}.mlp.output", f"{layer}.output.dense"),
        **norm("layers.{L}.mlp.norm", f"{layer}.output.LayerNorm"),
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
    activation = config.activation("hidden_act", "gelu")
    normed = layer_norm(config.number("layer_norm_eps", 1e-12))
    positions = config.size("max_position_embeddings", 512)
    attn = Attention(
        heads, heads, d_head, d_head**-0.5, CAUSAL if config.flag("is_decoder", False) else EVERY_KEY,
        qkv_bias=frozenset("qkv"), output_bias=True,
    )  # fmt: skip
    mlp = feed_forward(config.size("intermediate_size", 3072), activation, bias=True)
    layers = (Layer("post_norm", attn, mlp, attn_norm=normed, mlp_norm=normed),)
    embed = Embed(
        "learned", d_model, positions, rows=positions, types=config.size("type_vocab_size", 2), norm=normed
    )
    head = Head(
        tied=tied_head(config, True, has("cls.predictions.decoder.weight")),
        bias=True,
        transform=Transform(d_model, ACTIVATIONS[activation], activation, normed),
    )
    return Spec(
        "bert",
        d_model,
        config.size("vocab_size", 30522),
        (Stack(embed, layers * config.size("num_hidden_layers", 12)),),
        head if has("cls.predictions.transform.dense.weight") else None,
    )
