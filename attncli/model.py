"""A model: Spec + weights + tokenizer; and its forward, which hands every stage to the tap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from attncli.errors import UsageError
from attncli.formula.attention import attend, head_outputs, merge_heads, softmax, split_heads
from attncli.formula.positions import alibi_bias, rotary_angles, rotate, sinusoidal
from attncli.formula.types import Array
from attncli.spec import Spec
from attncli.tokenization import Tokenizer
from attncli.tokens import Tokens
from attncli.tracing import Enough, Index, ModelInfo, Recorder, Selection, Stage


class Weights(Protocol):
    """Parameters by name (those of `spec.parameters`), read when they are asked for."""

    def __call__(self, name: str) -> Array | None:
        """The whole parameter, or None where the model has none of that name."""

    def rows(self, name: str, ids: Sequence[int]) -> Array:
        """Some rows of a table, [len(ids), d_model]."""


@dataclass(frozen=True, eq=False)
class Model:
    """All that is needed to trace a text. `family` and `spec` may depend on the tokens for seeded weights,
    whose vocabulary is the sentence's own words: `bind` gives the model of some tokens."""

    name: str
    source: str
    spec: Spec
    weights: Weights
    tokenizer: Tokenizer | None
    bind: Callable[[Model, Tokens], Model] = lambda model, tokens: model

    @property
    def info(self) -> ModelInfo:
        s = self.spec
        return ModelInfo(
            name=self.name,
            family=s.family,
            source=self.source,
            layers=s.layers,
            heads=s.heads,
            kv_heads=s.kv_heads,
            d_model=s.d_model,
            d_head=s.d_head,
            vocab=s.vocab,
            positions=s.positions,
            causal=s.causal,
        )


def run(
    model: Model,
    tokens: Tokens,
    selection: Selection,
    on_stage: Callable[[Stage], None],
    top: int | None = None,
) -> None:
    """Computes the selected stages, in order, and hands each to `on_stage`; nothing else is computed.

    `top` keeps only the largest of logits and probs. Raises UsageError where the tokens do not suit the
    model (an id or a segment that it does not have, more tokens than positions).
    """
    check_tokens(model.spec, tokens)
    recorder = Recorder(model.spec, selection, len(tokens), on_stage, top, tokens.word)
    # NaN and infinity in weights are shown and warned about; numpy need not say it a second time
    with np.errstate(all="ignore"):
        try:
            forward(model.spec, model.weights, tokens, recorder)
        except Enough:
            return


def check_tokens(spec: Spec, tokens: Tokens) -> None:
    """Raises UsageError where the tokens do not suit the model."""
    if not len(tokens):
        raise UsageError("there are no tokens: the sentence is empty.", "Give some text.")
    for index, i in enumerate(tokens.ids):
        if not 0 <= i < spec.vocab:
            raise UsageError(
                f"token {index} has id {i}, but the model's vocabulary has ids 0 to {spec.vocab - 1}."
            )
    if spec.max_positions is not None and len(tokens) > spec.max_positions:
        raise UsageError(
            f"{len(tokens)} tokens are more than the model's {spec.max_positions} positions.",
            f"Shorten the text, or pass --truncate to keep the first {spec.max_positions}.",
        )


# ------------------------------------------------------------------ the forward pass


def forward(spec: Spec, weights: Weights, tokens: Tokens, tap: Recorder) -> None:
    """Text to logits. Every line is a stage; `tap` ends it by Enough after the last that is wanted."""
    x = embed(spec, weights, tokens, tap)  # [position, d_model]
    rows = np.arange(len(tokens))
    for layer in range(spec.layers):
        rows = tap.rows(layer)
        x = BLOCKS[spec.block](spec, layer, weights, x, rows, tap)  # [row, d_model]
    if spec.final_norm:
        x = norm(spec, weights, "final.norm", x)
    x = tap("final", x, rows)
    if spec.head != "none":
        unembed(spec, weights, x, tap)


def embed(spec: Spec, weights: Weights, tokens: Tokens, tap: Recorder) -> Array:
    """E[id] + P[pos] (+ T[segment]), then the norm where the family has one. [position, d_model]."""
    x = tap("embed.tokens", weights.rows("embed.tokens.weight", tokens.ids))
    if spec.positions == "learned":
        x = x + tap("embed.positions", weights.rows("embed.positions.weight", range(len(tokens))))
    elif spec.positions == "sinusoidal":
        table = sinusoidal(np.arange(len(tokens)), spec.d_model).astype(x.dtype)
        x = x + tap("embed.positions", table)
    if spec.types:
        x = x + tap("embed.types", weights.rows("embed.types.weight", tokens.types))
    if spec.embed_norm:
        x = norm(spec, weights, "embed.norm", x)
    return tap("embed", x)


def pre_norm(spec: Spec, layer: int, weights: Weights, x: Array, rows: Index, tap: Recorder) -> Array:
    """x + attention(norm(x)), then that + feed_forward(norm(that)): GPT-2, Llama."""
    at = f"layers.{layer}."
    n = tap(at + "attn.input", norm(spec, weights, at + "attn.norm", x))
    mid = tap(at + "resid.mid", x[rows] + attention(spec, layer, weights, n, rows, tap), rows)
    n = tap(at + "mlp.input", norm(spec, weights, at + "mlp.norm", mid), rows)
    return tap(at + "resid.out", mid + feed_forward(spec, layer, weights, n, rows, tap), rows)


def post_norm(spec: Spec, layer: int, weights: Weights, x: Array, rows: Index, tap: Recorder) -> Array:
    """norm(x + attention(x)), then norm(that + feed_forward(that)): the first Transformer, BERT."""
    at = f"layers.{layer}."
    x = tap(at + "attn.input", x)
    mid = tap(at + "resid.mid_sum", x[rows] + attention(spec, layer, weights, x, rows, tap), rows)
    mid = tap(at + "resid.mid", norm(spec, weights, at + "attn.norm", mid), rows)
    mid = tap(at + "mlp.input", mid, rows)
    out = tap(at + "resid.out_sum", mid + feed_forward(spec, layer, weights, mid, rows, tap), rows)
    return tap(at + "resid.out", norm(spec, weights, at + "mlp.norm", out), rows)


def attention_only(spec: Spec, layer: int, weights: Weights, x: Array, rows: Index, tap: Recorder) -> Array:
    """attention(x) and nothing around it: one layer of the user's own."""
    x = tap(f"layers.{layer}.attn.input", x)
    return attention(spec, layer, weights, x, rows, tap)


BLOCKS = {"pre_norm": pre_norm, "post_norm": post_norm, "attention_only": attention_only}


def attention(spec: Spec, layer: int, weights: Weights, x: Array, rows: Index, tap: Recorder) -> Array:
    """Multi-head attention (Vaswani et al. 2017, §3.2.2), with kv_heads shared by groups of heads
    (Ainslie et al. 2023). `x` [position, d_model] -> [row, d_model]."""
    at = f"layers.{layer}.attn."
    q = tap(at + "q", split_heads(linear(weights, at + "q", x[rows]), spec.heads), rows)  # [head, row, d_head]
    k = tap(at + "k", split_heads(linear(weights, at + "k", x), spec.kv_heads))  # [kv_head, key, d_head]
    v = tap(at + "v", split_heads(linear(weights, at + "v", x), spec.kv_heads))  # [kv_head, key, d_value]
    if spec.frequencies is not None:
        q = tap(at + "q_rotated", rotate(q, rotary_angles(rows, spec.frequencies)), rows)
        k = tap(at + "k_rotated", rotate(k, rotary_angles(np.arange(len(x)), spec.frequencies)))

    mixed = np.empty((spec.heads, len(rows), spec.value_size), x.dtype)  # [head, row, d_value]
    for slab in tap.slabs(layer):
        with slab:
            heads, part = slab.place
            shared = [head // spec.group for head in heads]  # the kv_head of each head
            bias = position_bias(spec, heads, slab.rows, len(x))
            mask = position_mask(spec, slab.rows)
            mixed[heads, part] = attend(q[heads, part], k[shared], v[shared], spec.scale, bias, mask, slab)

    if tap.wants(at + "heads"):
        tap(at + "heads", head_outputs(mixed, required(weights, at + "output.weight")), rows)
    merged = merge_heads(mixed)  # [row, heads * d_value]
    return tap(at + "output", linear(weights, at + "output", merged) if spec.output else merged, rows)


def position_bias(spec: Spec, heads: list[int], rows: Index, keys: int) -> Callable[[Array], Array] | None:
    """What ALiBi adds to the scaled scores of some heads and rows; None for other models."""
    if spec.slopes is None:
        return None
    bias = alibi_bias(spec.slopes[heads], rows, np.arange(keys))  # [head, row, key]
    return lambda scaled: scaled + bias.astype(scaled.dtype)


def position_mask(spec: Spec, rows: Index) -> Callable[[Array], Array]:
    """Sets the scores of keys that some rows may not see to -inf."""
    return lambda scaled: spec.mask(scaled, rows)


def feed_forward(spec: Spec, layer: int, weights: Weights, x: Array, rows: Index, tap: Recorder) -> Array:
    """activation(x W_1) W_2, or with a gate (Shazeer 2020) (activation(x W_gate) ⊙ x W_1) W_2."""
    at = f"layers.{layer}.mlp."
    assert spec.activation is not None
    gate = tap(at + "gate", linear(weights, at + "gate", x), rows) if spec.gated else None
    hidden = tap(at + "hidden", linear(weights, at + "hidden", x), rows)  # [row, d_ff]
    active = spec.activation(hidden) if gate is None else spec.activation(gate) * hidden
    active = tap(at + "activated", active, rows)
    return tap(at + "output", linear(weights, at + "output", active), rows)  # [row, d_model]


def unembed(spec: Spec, weights: Weights, x: Array, tap: Recorder) -> None:
    """The score and the probability of every word of the vocabulary. [row, vocab], some rows at a time."""
    if spec.head == "masked_lm":
        assert spec.activation is not None
        x = norm(spec, weights, "head.norm", spec.activation(linear(weights, "head.transform", x)))
        x = tap("head.transformed", x, tap.rows(spec.layers - 1))
    step = max(1, (1 << 24) // spec.vocab)
    for start in range(0, len(x), step):
        logits = linear(weights, "head", x[start : start + step])
        tap.keep_vocabulary("logits", logits)
        if tap.wants("probs"):
            tap.keep_vocabulary("probs", softmax(logits))
    tap.finish_vocabulary()


def linear(weights: Weights, name: str, x: Array) -> Array:
    """X W + b, or X W where the model has no such bias."""
    y = x @ required(weights, name + ".weight")
    bias = weights(name + ".bias")
    return y if bias is None else y + bias


def norm(spec: Spec, weights: Weights, name: str, x: Array) -> Array:
    """The family's norm with the parameters of that name."""
    assert spec.norm is not None
    return spec.norm(x, weights(name + ".weight"), weights(name + ".bias"))


def required(weights: Weights, name: str) -> Array:
    """A parameter that the Spec says is there."""
    value = weights(name)
    assert value is not None, name
    return value
