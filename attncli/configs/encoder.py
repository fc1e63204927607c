"""What BERT and the encoders after it share (Devlin et al. 2018): every token attends to every token, learned
positions, a norm after attention and after the feed-forward, a masked-word head; and the config fields and tensors
of these.

Each family's file says how it differs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from attncli.architecture.parts import CAUSAL, EVERY_KEY, QKV, feed_forward, layer_norm
from attncli.architecture.spec import Attention, Embed, Head, Layer, Norm, Spec, Stack, Transform
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, linear, norm, tied_head
from attncli.errors import AttnError
from attncli.formula.feed_forward import ACTIVATIONS
from attncli.formula.types import Index
from attncli.language import N_


def tensors() -> dict[str, Tensor]:
    """BERT's tensors, except those of its head. An entry that a model does not use does no harm."""
    layer = "encoder.layer.{L}"
    return {
        **embed_tensors("embeddings"),
        **linear("layers.{L}.attn.q", f"{layer}.attention.self.query"),
        **linear("layers.{L}.attn.k", f"{layer}.attention.self.key"),
        **linear("layers.{L}.attn.v", f"{layer}.attention.self.value"),
        **linear("layers.{L}.attn.output", f"{layer}.attention.output.dense"),
        **norm("layers.{L}.attn.norm", f"{layer}.attention.output.LayerNorm"),
        **linear("layers.{L}.mlp.hidden", f"{layer}.intermediate.dense"),
        **linear("layers.{L}.mlp.output", f"{layer}.output.dense"),
        **norm("layers.{L}.mlp.norm", f"{layer}.output.LayerNorm"),
    }


def embed_tensors(theirs: str) -> dict[str, Tensor]:
    """The tables of tokens, positions and segments, and the norm of their sum, under their module `theirs`."""
    return {
        "embed.tokens.weight": Tensor(f"{theirs}.word_embeddings.weight"),
        "embed.positions.weight": Tensor(f"{theirs}.position_embeddings.weight"),
        "embed.types.weight": Tensor(f"{theirs}.token_type_embeddings.weight"),
        **norm("embed.norm", f"{theirs}.LayerNorm"),
    }


@dataclass(frozen=True, eq=False)
class Body:
    """The sizes of an encoder, its activation, and its norm, which is the same everywhere."""

    d_model: int
    heads: int
    d_head: int
    d_ff: int
    layers: int
    vocab: int
    activation: str
    norm: Norm


def body(
    config: Config,
    *,
    hidden_size: int = 768,
    num_attention_heads: int = 12,
    num_hidden_layers: int = 12,
    intermediate_size: int = 3072,
    vocab_size: int = 30522,
    hidden_act: str = "gelu",
    layer_norm_eps: float = 1e-12,
) -> Body:
    """The body, from the usual fields; the keywords are the family's defaults for them."""
    d_model = config.size("hidden_size", hidden_size)
    heads = config.size("num_attention_heads", num_attention_heads)
    return Body(
        d_model,
        heads,
        config.divides("num_attention_heads", heads, "hidden_size", d_model),
        config.size("intermediate_size", intermediate_size),
        config.size("num_hidden_layers", num_hidden_layers),
        config.size("vocab_size", vocab_size),
        config.activation("hidden_act", hidden_act),
        layer_norm(config.number("layer_norm_eps", layer_norm_eps)),
    )


def embed(config: Config, body: Body, *, rows: int = 512, types: int = 2, **own: Any) -> Embed:
    """Learned positions and segments. `rows` and `types` are the family's defaults for the sizes of their tables;
    0: the family has no such table. `own`: other fields of `Embed`."""
    config.only("position_embedding_type", "absolute")
    rows = min(rows, 1) * config.size("max_position_embeddings", max(rows, 1))
    if types:
        types = config.size("type_vocab_size", types)
    usual: dict[str, Any] = {
        "positions": "learned",
        "size": body.d_model,
        "max_positions": rows,
        "rows": rows,
        "types": types,
        "pairs": True,
        "norm": body.norm,
    }
    return Embed(**usual | own)


def narrow(size: int, needed: bool = True) -> dict[str, Any]:
    """Fields of `Embed` for token vectors whose size differs from d_model: projected to d_model after their
    norm."""
    return {"size": size, "project": "normed", "project_bias": True} if needed else {}


def after_padding(config: Config, pad: Any, rows: int = 512) -> dict[str, Any]:
    """Fields of `Embed` for positions that are counted from `pad` + 1, as in RoBERTa. Padding tokens all get row
    `pad` and are not counted (modeling_roberta.py, create_position_ids_from_input_ids)."""
    rows = config.size("max_position_embeddings", rows)
    if not isinstance(pad, int) or isinstance(pad, bool) or not 0 <= pad < rows - 1:
        raise AttnError(
            N_(
                "{file}: pad_token_id is {pad!r}, but positions start after it, in a table of {rows} "
                "rows (max_position_embeddings).",
                file=config.file,
                pad=pad,
                rows=rows,
            )
        )

    def position_of(ids: Sequence[int]) -> Index:
        is_token = np.asarray(ids) != pad
        return pad + np.cumsum(is_token) * is_token

    return {
        "position_of": position_of,
        "max_positions": rows - pad - 1,
        "position_text": f"{pad + 1} + pos",
        "position_detail": N_(
            "pos: how many earlier tokens are not padding (id {pad}); padding gets P[{pad}]", pad=pad
        ),
    }


def attention(body: Body, **own: Any) -> Attention:
    """BERT's attention; `own` replaces fields of `Attention`."""
    usual: dict[str, Any] = {"scale": body.d_head**-0.5, "mask": EVERY_KEY, "qkv_bias": QKV, "output_bias": True}
    return Attention(body.heads, body.heads, body.d_head, **usual | own)


def attention_or_decoder(config: Config, body: Body) -> Attention:
    """BERT's attention; causal where is_decoder is true."""
    config.only("add_cross_attention", False)
    return attention(body, mask=CAUSAL if config.flag("is_decoder", False) else EVERY_KEY)


def encoder(
    family: str,
    body: Body,
    embed: Embed,
    attn: Attention,
    head: Head | None,
    block: str = "post_norm",
    final_norm: Norm | None = None,
) -> Spec:
    """The Spec of an encoder whose layers are all alike."""
    mlp = feed_forward(body.d_ff, body.activation, bias=True)
    layer = Layer(block, attn, mlp, attn_norm=body.norm, mlp_norm=body.norm)
    return Spec(family, body.d_model, body.vocab, (Stack(embed, (layer,) * body.layers, final_norm),), head)


@dataclass(frozen=True)
class MaskedWords:
    """The tensors of a family's masked-word head, which is decoder(norm(activation(dense(x)))) + bias."""

    dense: str
    norm: str
    decoder: str
    bias: str

    def tensors(self) -> dict[str, Tensor]:
        return {
            **linear("head.transform", self.dense),
            **norm("head.norm", self.norm),
            "head.weight": Tensor(f"{self.decoder}.weight", transposed=True),
            "head.bias": Tensor(self.bias, alias=f"{self.decoder}.bias"),
        }

    def head(
        self, config: Config, has: Callable[[str], bool], body: Body, *, size: int = 0, activation: str = ""
    ) -> Head | None:
        """The head, or None where the checkpoint has none. `size` and `activation` of the transform: by default
        those of the body."""
        tied = tied_head(config, True, has(f"{self.decoder}.weight"))
        if not has(f"{self.dense}.weight"):
            return None
        activation = activation or body.activation
        transform = Transform(size or body.d_model, ACTIVATIONS[activation], activation, body.norm)
        return Head(tied, bias=True, transform=transform)


PREDICTIONS = MaskedWords(
    "cls.predictions.transform.dense",
    "cls.predictions.transform.LayerNorm",
    "cls.predictions.decoder",
    "cls.predictions.bias",
)
"""The head of BERT."""
LM_HEAD = MaskedWords("lm_head.dense", "lm_head.layer_norm", "lm_head.decoder", "lm_head.bias")
"""The head of RoBERTa."""
