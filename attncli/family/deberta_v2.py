"""DeBERTa v2 and v3 (He et al. 2020, 2021): an encoder with disentangled attention, which keeps content and
position apart.

Two terms are added to a score: how well the query's content fits the distance to the key, and how well the key's
content fits the distance to the query. All layers share one table of distance vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from attncli.architecture.spec import Bias, Head, Norm, ScoreSite, Spec
from attncli.configs import encoder
from attncli.configs.fields import Config
from attncli.configs.tensors import Tensor, linear, linears, norm
from attncli.errors import AttnError, together
from attncli.formula.attention import split_heads
from attncli.formula.positions import log_buckets
from attncli.formula.types import Array, Index
from attncli.language import N_, in_turn

PREFIXES = ("deberta.",)
LM_PREDICTIONS = encoder.MaskedWords(
    "lm_predictions.lm_head.dense",
    "lm_predictions.lm_head.LayerNorm",
    "lm_predictions.lm_head.decoder",
    "lm_predictions.lm_head.bias",
)
"""The head of the authors' code; its matrix is always the embedding's."""


def tensors(config: Config) -> dict[str, Tensor]:
    layer = "encoder.layer.{L}.attention.self"
    return {
        **encoder.tensors(),
        "embed.project.weight": Tensor("embeddings.embed_proj.weight", transposed=True),
        **linears("layers.{L}.attn", layer, {"q": "query_proj", "k": "key_proj", "v": "value_proj"}),
        **linear("layers.{L}.attn.distance_q", f"{layer}.pos_query_proj"),
        **linear("layers.{L}.attn.distance_k", f"{layer}.pos_key_proj"),
        "distances.weight": Tensor("encoder.rel_embeddings.weight"),
        **norm("distances.norm", "encoder.LayerNorm"),
        **_words(config).tensors(),
    }


def spec(config: Config, has: Callable[[str], bool]) -> Spec:
    config.only("is_decoder", False)
    config.only("conv_kernel_size", 0)
    config.unused("pooler_dropout", "pooler_hidden_act", "pooler_hidden_size", "conv_act", "conv_groups")
    body = encoder.body(
        config, hidden_size=1536, num_attention_heads=24, num_hidden_layers=24, intermediate_size=6144,
        vocab_size=128100, layer_norm_eps=1e-7,
    )  # fmt: skip
    config.only("attention_head_size", body.d_head)
    size = config.size("embedding_size", body.d_model)
    own: dict[str, Any] = {} if size == body.d_model else {"size": size, "project": "sum"}
    terms = _terms(config)
    scale = (body.d_head * (1 + len(terms))) ** -0.5  # counts every term of pos_att_type, added or not
    relative = config.flag("relative_attention", False)
    config.unused("max_relative_positions", "position_buckets", "share_att_key", "norm_rel_ebd")
    bias = _disentangled(config, body, terms, scale) if relative else None
    if not config.flag("position_biased_input", True):
        kind = "none" if bias is None else "relative"
        own |= {"positions": kind, "max_positions": None, "rows": 0}
    embed = encoder.embed(config, body, types=config.get("type_vocab_size", 0), **own)
    attn = encoder.attention(body, scale=scale, bias=bias)
    return encoder.encoder("deberta-v2", body, embed, attn, _head(config, has, body, size))


# ------------------------------------------------------------------ the head


def _words(config: Config) -> encoder.MaskedWords:
    """The head: BERT's where `legacy` is true, as in files older than that field."""
    return encoder.PREDICTIONS if config.flag("legacy", True) else LM_PREDICTIONS


def _head(config: Config, has: Callable[[str], bool], body: encoder.Body, size: int) -> Head | None:
    if config.flag("legacy", True):
        return encoder.PREDICTIONS.head(config, has, body, size=size)
    own = LM_PREDICTIONS.head(config, has, body)
    if own is None:
        return None
    config.only("embedding_size", body.d_model)
    return replace(own, tied=True)


# ------------------------------------------------------------------ distances in the scores


@dataclass(frozen=True)
class Term:
    """A term of the scores, and the matrix that projects the distance vectors for it."""

    stage: str
    symbol: str
    matrix: str


TERMS = {
    "c2p": Term("content_to_position", "S_cp", "k"),
    "p2c": Term("position_to_content", "S_pc", "q"),
}
"""A term of pos_att_type -> what it adds."""


def _terms(config: Config) -> tuple[str, ...]:
    """The terms that pos_att_type lists; older files write them as one text, `p2c|c2p`."""
    named = config.get("pos_att_type", [])
    if isinstance(named, str):
        named = [name.strip() for name in named.lower().split("|")]
    if not isinstance(named, list):
        raise AttnError(
            N_(
                "{file}: pos_att_type is {named!r}; it must be a list of {terms}.",
                file=config.file,
                named=named,
                terms=together(TERMS),
            )
        )
    return tuple(term for term in TERMS if term in named)


@dataclass(frozen=True)
class Distances:
    """Distances as rows of a table of 2 × `span` vectors. `buckets` 0: every distance has its own row."""

    span: int
    buckets: int
    farthest: int

    @property
    def text(self) -> str:
        distance = "bucket(query - key)" if self.buckets else "query - key"
        span, last = self.span, 2 * self.span - 1
        return N_(
            "δ(query, key) = {distance} + {span}, kept within 0 to {last}", distance=distance, span=span, last=last
        )

    def rows(self, queries: Index, keys: Index) -> Index:
        """δ [query, key]."""
        offsets = queries[:, None] - keys
        if self.buckets:
            offsets = log_buckets(offsets, self.buckets, self.farthest)
        return np.clip(offsets + self.span, 0, 2 * self.span - 1)


def _count(config: Config, name: str) -> int:
    """A count; a value below 1 means that there is none."""
    value = config.get(name, -1)
    return value if isinstance(value, int) and value < 1 else config.size(name)


def _distances(config: Config) -> Distances:
    """The table of distances. Raises AttnError for an impossible number of buckets."""
    farthest, buckets = _count(config, "max_relative_positions"), _count(config, "position_buckets")
    if farthest < 1:
        farthest = config.size("max_position_embeddings", 512)
    if buckets < 1:
        return Distances(farthest, 0, farthest)
    if not 1 <= buckets // 2 < farthest - 1:
        raise AttnError(
            N_(
                "{file}: position_buckets is {buckets}; it must be at least 2 and less than twice the "
                "{last} distances.",
                file=config.file,
                buckets=buckets,
                last=farthest - 1,
            )
        )
    return Distances(buckets, buckets, farthest)


def _disentangled(config: Config, body: encoder.Body, terms: tuple[str, ...], scale: float) -> Bias | None:
    """The bias of the scores (modeling_deberta_v2.py, DisentangledSelfAttention.disentangled_attention_bias); None
    without terms."""
    distances, shared = _distances(config), config.flag("share_att_key", False)
    normed = body.norm if "layer_norm" in str(config.get("norm_rel_ebd", "none")).lower() else None
    if not terms:
        return None
    # The distance vectors are projected by the matrices of the tokens, or by their own
    prefix, ending = ("", "") if shared else ("distance_", "r")

    def add(s: ScoreSite, scaled: Array, q: Array, k: Array) -> Array:
        table = s.stack.norm("distances.norm", normed, s.stack.parameter("distances.weight"))  # [2 span, d_model]
        delta = distances.rows(s.rows, np.arange(k.shape[-2]))  # [query, key]
        factor = scaled.dtype.type(scale)

        def distance(letter: str) -> Array:
            """Q_r or K_r, [head, d_head, 2 span]"""
            vectors = split_heads(s.linear(prefix + letter, table), body.heads)[list(s.heads)]
            return vectors.swapaxes(-1, -2)

        if "c2p" in terms:  # (Q K_rᵀ)[query, δ(query, key)]
            match = np.take_along_axis(q @ distance("k"), delta[None], axis=-1)  # [head, query, key]
            scaled = scaled + s.stage("content_to_position", match * factor)
        if "p2c" in terms:  # (K Q_rᵀ)[key, δ(query, key)]
            match = (k @ distance("q"))[:, np.arange(k.shape[-2]), delta]  # [head, query, key]
            scaled = scaled + s.stage("position_to_content", match * factor)
        return scaled

    chosen = [TERMS[term] for term in terms]
    vectors = "D" if normed is None else f"{normed.name}(D)"
    projections = [
        f"{t.matrix.upper()}_r = {vectors} W_{t.matrix.upper()}{ending} + b_{t.matrix.upper()}{ending}"
        for t in chosen
    ]
    return Bias(
        " + ".join(["B = S'", *(t.symbol for t in chosen)]),
        N_("scaled scores plus the match of content with distance"),
        add,
        stages=tuple(t.stage for t in chosen),
        parameters={"distances.weight": (2 * distances.span, body.d_model)} | _norm_shapes(normed, body.d_model),
        own={} if shared else _linear_shapes([prefix + t.matrix for t in chosen], body.d_model),
        detail=in_turn(f"c = {scale:.6g}", distances.text, *projections, N_("D: the table of distances")),
    )


def _norm_shapes(normed: Norm | None, d_model: int) -> dict[str, tuple[int, ...]]:
    return {} if normed is None else {f"distances.norm.{kind}": (d_model,) for kind in ("weight", "bias")}


def _linear_shapes(names: list[str], d_model: int) -> dict[str, tuple[int, ...]]:
    return {f"{n}.weight": (d_model, d_model) for n in names} | {f"{n}.bias": (d_model,) for n in names}
