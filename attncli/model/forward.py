"""The forward pass: reads like the paper, a line a stage, and hands every stage to the tap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from attncli.architecture.spec import (
    Attention,
    Experts,
    FeedForward,
    Head,
    HeadNorm,
    Layer,
    Norm,
    Rotary,
    Spec,
    Stack,
)
from attncli.formula.attention import (
    Steps,
    attend,
    head_outputs,
    merge_heads,
    product,
    soft_cap,
    softmax,
    split_heads,
)
from attncli.formula.feed_forward import sigmoid
from attncli.formula.masks import masked
from attncli.formula.positions import rotary_angles, rotate
from attncli.formula.types import Array, Index
from attncli.text.tokens import Tokens
from attncli.tracing.recording import Recorder, Tap


class Weights(Protocol):
    """Parameters by name (those of `parameters.shape_of`), read when they are asked for."""

    def __call__(self, name: str) -> Array | None:
        """The whole parameter, or None where the model has none of that name."""

    def columns(self, name: str) -> tuple[int, Iterator[tuple[slice, Array]]]:
        """How many columns a matrix [in, out] has, and all of them: which, and the numbers, some at a time."""

    def rows(self, name: str, ids: Sequence[int] | Index) -> Array:
        """Some rows of a table, [len(ids), d_model]."""


def forward(spec: Spec, weights: Weights, inputs: Sequence[Tokens], tap: Recorder) -> None:
    """Text to logits. Every line is a stage; `tap` ends it by Enough after the last that is wanted.

    `inputs`: the tokens of each stack. A decoder reads the encoder's last state as its memory.
    """
    memory = None
    for stack, tokens in zip(spec.stacks, inputs, strict=True):
        x = embed(spec, stack, weights, tokens, tap)  # [position, d_model]
        rows = np.arange(len(tokens))
        for number, layer in enumerate(stack.layers):
            at = f"{stack.prefix}layers.{number}."
            rows = tap.rows(at)
            block = Block(layer, at, stack.prefix, weights, memory, tap)
            x = BLOCKS[layer.block](block, x, rows)  # [row, d_model]
        final = stack.prefix + "final"
        memory = x = tap(final, norm(stack.final_norm, weights, final + ".norm", x), rows)
    if spec.head is not None:
        unembed(spec, spec.head, weights, x, rows, tap)


def embed(spec: Spec, stack: Stack, weights: Weights, tokens: Tokens, tap: Recorder) -> Array:
    """E[id] + P[pos] (+ T[segment]), then the norm where the family has one. [position, d_model]."""
    part, at = stack.embed, stack.prefix + "embed"
    x = tap(at + ".tokens", weights.rows(at + ".tokens.weight", tokens.ids))
    if part.scale != 1:
        x = x * x.dtype.type(part.scale)
    if part.project == "tokens":
        x = tap(at + ".projected", linear(weights, at + ".project", x))
    if part.stored_positions:
        x = x + tap(at + ".positions", weights.rows(at + ".positions.weight", part.position_of(tokens.ids)))
    elif part.table is not None:
        x = x + tap(at + ".positions", part.table(part.position_of(tokens.ids), x.shape[-1]).astype(x.dtype))
    if part.types:
        x = x + tap(at + ".types", weights.rows(at + ".types.weight", tokens.types))
    if part.project == "sum":
        x = tap(at + ".projected", linear(weights, at + ".project", x))
    x = norm(part.norm, weights, at + ".norm", x)
    if part.project == "normed":
        x = linear(weights, at + ".project", x)
    return tap(at, x)


# ------------------------------------------------------------------ blocks


@dataclass(frozen=True, eq=False)
class Block:
    """A layer at its place: `at` begins the names of its stages and parameters, `side` those of its stack."""

    layer: Layer
    at: str
    side: str
    weights: Weights
    memory: Array | None  # what cross-attention reads, [position, d_model]
    tap: Recorder

    def stage(self, name: str, values: Array, rows: Index | None = None) -> Array:
        return self.tap(self.at + name, values, rows)

    def norm(self, part: Norm | None, name: str, x: Array) -> Array:
        return norm(part, self.weights, self.at + name, x)

    def attention(self, x: Array, rows: Index) -> Array:
        """What self-attention adds to some rows. `x` [position, d_model] -> [row, d_model]."""
        out = attention(self.layer.attn, self.at + "attn.", self.side, self.weights, x[rows], x, rows, self.tap)
        return self._added(self.layer.attn_output_norm, "attn", out, rows)

    def cross_attention(self, x: Array, rows: Index) -> Array:
        """What attention to the encoder's last state adds. `x` [row, d_model] -> the same."""
        assert self.layer.cross is not None
        assert self.memory is not None
        at = self.at + "cross."
        return attention(self.layer.cross, at, self.side, self.weights, x, self.memory, rows, self.tap)

    def feed_forward(self, x: Array, rows: Index) -> Array:
        """What the feed-forward adds. `x` [row, d_model] -> the same."""
        part, at = self.layer.mlp, self.at + "mlp."
        assert part is not None
        if isinstance(part, Experts):
            out = mixture(part, at, self.weights, x, rows, self.tap)
        else:
            out = feed_forward(part, at, self.weights, x, rows, self.tap)
        return self._added(self.layer.mlp_output_norm, "mlp", out, rows)

    def _added(self, part: Norm | None, name: str, out: Array, rows: Index) -> Array:
        if part is not None:
            out = self.stage(f"{name}.output_normed", self.norm(part, f"{name}.output_norm", out), rows)
        return out if self.layer.residual_scale == 1 else out * out.dtype.type(self.layer.residual_scale)


def pre_norm(b: Block, x: Array, rows: Index) -> Array:
    """x + attention(norm(x)), then that + feed_forward(norm(that)): GPT-2, Llama."""
    n = b.stage("attn.input", b.norm(b.layer.attn_norm, "attn.norm", x))
    x = b.stage("resid.mid", x[rows] + b.attention(n, rows), rows)
    if b.layer.cross is not None:
        n = b.stage("cross.input", b.norm(b.layer.cross_norm, "cross.norm", x), rows)
        x = b.stage("resid.cross", x + b.cross_attention(n, rows), rows)
    n = b.stage("mlp.input", b.norm(b.layer.mlp_norm, "mlp.norm", x), rows)
    return b.stage("resid.out", x + b.feed_forward(n, rows), rows)


def post_norm(b: Block, x: Array, rows: Index) -> Array:
    """norm(x + attention(x)), then norm(that + feed_forward(that)): the first Transformer, BERT."""
    x = b.stage("attn.input", x)
    x = b.stage("resid.mid_sum", x[rows] + b.attention(x, rows), rows)
    x = b.stage("resid.mid", b.norm(b.layer.attn_norm, "attn.norm", x), rows)
    if b.layer.cross is not None:
        x = b.stage("cross.input", x, rows)
        x = b.stage("resid.cross_sum", x + b.cross_attention(x, rows), rows)
        x = b.stage("resid.cross", b.norm(b.layer.cross_norm, "cross.norm", x), rows)
    x = b.stage("mlp.input", x, rows)
    x = b.stage("resid.out_sum", x + b.feed_forward(x, rows), rows)
    return b.stage("resid.out", b.norm(b.layer.mlp_norm, "mlp.norm", x), rows)


def parallel(b: Block, x: Array, rows: Index) -> Array:
    """x + attention(norm(x)) + feed_forward(norm(x)): GPT-J (Wang and Komatsuzaki 2021), Falcon."""
    n = b.stage("attn.input", b.norm(b.layer.attn_norm, "attn.norm", x))
    attended = b.attention(n, rows)
    n = n[rows] if b.layer.mlp_norm is None else b.norm(b.layer.mlp_norm, "mlp.norm", x[rows])
    n = b.stage("mlp.input", n, rows)
    return b.stage("resid.out", x[rows] + attended + b.feed_forward(n, rows), rows)


def attention_only(b: Block, x: Array, rows: Index) -> Array:
    """attention(x) and nothing around it: one layer of the user's own."""
    return b.attention(b.stage("attn.input", x), rows)


BLOCKS = {"pre_norm": pre_norm, "post_norm": post_norm, "parallel": parallel, "attention_only": attention_only}


# ------------------------------------------------------------------ attention


def attention(
    part: Attention, at: str, side: str, weights: Weights, x: Array, source: Array, rows: Index, tap: Recorder
) -> Array:
    """Multi-head attention (Vaswani et al. 2017, §3.2.2), with kv_heads shared by groups of heads
    (Ainslie et al. 2023). Queries from `x` [row, d_model], keys and values from `source` [key, d_model];
    gives [row, d_model]."""
    project = project_latent if part.latent else project_heads
    # [head, row, d_head], [kv_head, key, d_head], [kv_head, key, d_value]
    q, k, v = project(part, at, weights, x, source, rows, tap)
    if part.q_norm is not None:
        q = tap(at + "q_normed", norm_heads(part.q_norm, weights, at + "q_norm", q), rows)
    if part.k_norm is not None:
        k = tap(at + "k_normed", norm_heads(part.k_norm, weights, at + "k_norm", k))
    if part.rotary is not None:
        q = tap(at + "q_rotated", turn(part.rotary, q, rows, len(source)), rows)
        k = tap(at + "k_rotated", turn(part.rotary, k, np.arange(len(source)), len(source)))

    mixed = np.empty((part.heads, len(rows), part.value_size), x.dtype)  # [head, row, d_value]
    biased = None if part.bias is None else part.bias.prepare(weights, side, at, q, k)
    sinks = required(weights, at + "sinks") if part.sinks else None  # [head]
    for slab in tap.slabs(at, part, len(source)):
        with slab:
            heads, place = slab.place
            shared = [head // part.group for head in heads]  # the kv_head of each head
            steps = Steps(
                bias=None if biased is None else partial(biased, heads=heads, queries=slab.rows, tap=slab),
                cap=part.cap,
                mask=part.mask.allowed and partial(masked, allowed=part.mask.allowed, queries=slab.rows),
                sinks=None if sinks is None else sinks[heads],
            )
            mixed[heads, place] = attend(q[heads, place], k[shared], v[shared], part.scale, steps, slab, slab.room)

    if tap.wants(at + "heads"):
        tap(at + "heads", head_outputs(mixed, required(weights, at + "output.weight")), rows)
    merged = merge_heads(mixed)  # [row, heads * d_value]
    return tap(at + "output", linear(weights, at + "output", merged) if part.output else merged, rows)


def project_heads(
    part: Attention, at: str, weights: Weights, x: Array, source: Array, rows: Index, tap: Recorder
) -> tuple[Array, Array, Array]:
    """Q = X W_Q, K = X W_K, V = X W_V, cut into heads."""

    def projected(name: str, x: Array, heads: int) -> Array:
        y = linear(weights, at + name, x)
        return split_heads(y if part.clip is None else np.clip(y, -part.clip, part.clip), heads)

    q = tap(at + "q", projected("q", x, part.heads), rows)  # [head, row, d_head]
    k = tap(at + "k", projected("k", source, part.kv_heads))  # [kv_head, key, d_head]
    v = tap(at + "v", projected("v", source, part.kv_heads))  # [kv_head, key, d_value]
    return q, k, v


def project_latent(
    part: Attention, at: str, weights: Weights, x: Array, source: Array, rows: Index, tap: Recorder
) -> tuple[Array, Array, Array]:
    """Q, K and V by way of small vectors, K_h = [C W_UK^h, K_R] and V_h = C W_UV^h (DeepSeek-AI 2024, §2.1)."""
    latent = part.latent
    assert latent is not None
    if latent.query_rank is None:
        queries = linear(weights, at + "q", x)
    else:
        c = tap(at + "q_latent", linear(weights, at + "q_down", x), rows)  # [row, query_rank]
        c = tap(at + "q_latent_normed", norm(latent.norm, weights, at + "q_latent_norm", c), rows)
        queries = linear(weights, at + "q_up", c)
    q = tap(at + "q", split_heads(queries, part.heads), rows)  # [head, row, d_head]
    c = tap(at + "kv_latent", linear(weights, at + "kv_down", source))  # [key, rank]
    c = tap(at + "kv_latent_normed", norm(latent.norm, weights, at + "kv_latent_norm", c))
    shared = tap(at + "k_shared", linear(weights, at + "k_shared", source))  # [key, rotary]
    content = split_heads(linear(weights, at + "k_up", c), part.heads)  # [head, key, content]
    shared = np.broadcast_to(shared, (part.heads, *shared.shape))
    k = tap(at + "k", np.concatenate([content, shared], axis=-1))  # [head, key, d_head]
    v = tap(at + "v", split_heads(linear(weights, at + "v_up", c), part.heads))  # [head, key, d_value]
    return q, k, v


def norm_heads(part: HeadNorm, weights: Weights, name: str, x: Array) -> Array:
    """The norm of queries or keys [head, position, d_head], each head alone or all as one vector."""
    if part.over == "all":
        return split_heads(norm(part.norm, weights, name, merge_heads(x)), len(x))
    if part.over == "head":
        return norm(part.norm, weights, name, x)
    weight = weights(name + ".weight")  # [head, d_head]
    return part.norm.apply(x, None if weight is None else weight[:, None], None)


def turn(part: Rotary, x: Array, positions: Index, length: int) -> Array:
    """Rotary positions on the dimensions that the model turns; the others stay. [head, position, d_head]."""
    angles = rotary_angles(positions, part.frequencies(length))  # [position, size / 2]
    end = part.start + part.size
    turned = rotate(x[..., part.start : end], angles, part.interleaved, part.factor)
    return np.concatenate([x[..., : part.start], turned, x[..., end:]], axis=-1)


# ------------------------------------------------------------------ feed-forward and head


def feed_forward(part: FeedForward, at: str, weights: Weights, x: Array, rows: Index, tap: Tap) -> Array:
    """activation(x W_1) W_2, or with a gate (Shazeer 2020) (activation(x W_gate) ⊙ x W_1) W_2. [row, d_model]."""
    gate = tap(at + "gate", linear(weights, at + "gate", x), rows) if part.gated else None
    hidden = tap(at + "hidden", linear(weights, at + "hidden", x), rows)  # [row, d_ff]
    if gate is None:
        active = part.activation(hidden)
    else:
        active = part.activation(gate) * hidden if part.combine is None else part.combine(gate, hidden)
    active = tap(at + "activated", active, rows)
    return tap(at + "output", linear(weights, at + "output", active), rows)  # [row, d_model]


def mixture(part: Experts, at: str, weights: Weights, x: Array, rows: Index, tap: Tap) -> Array:
    """The sum of the feed-forwards that a router chooses for each token, by its weights (Shazeer et al. 2017, §2).

    Only the experts that some token chose are read. [row, d_model].
    """
    scores = tap(at + "router", linear(weights, at + "router", x), rows)  # [row, expert]
    routed = tap(at + "routed", part.route(scores, weights(at + "router.choice")), rows)  # [row, expert]
    total = np.zeros_like(x)
    for expert in np.flatnonzero(routed.any(axis=0)):
        chosen = np.flatnonzero(routed[:, expert])
        out = feed_forward(part.each, f"{at}experts.{expert}.", weights, x[chosen], chosen, untapped)
        total[chosen] += routed[chosen, expert, None] * out
    if part.shared is not None:
        out = feed_forward(part.shared, at + "shared.", weights, x, rows, untapped)
        if part.shared_gate:
            out = sigmoid(linear(weights, at + "shared_gate", x)) * out
        total = total + tap(at + "shared", out, rows)
    return tap(at + "output", total, rows)


def untapped(name: str, values: Array, rows: Index | None = None) -> Array:
    """For steps that are no stages of their own."""
    return values


def unembed(spec: Spec, head: Head, weights: Weights, x: Array, rows: Index, tap: Recorder) -> None:
    """The score and the probability of every word of the vocabulary. [row, vocab], some rows at a time."""
    if head.transform is not None:
        x = head.transform.activation(linear(weights, "head.transform", x))
        x = tap("head.transformed", norm(head.transform.norm, weights, "head.norm", x), rows)
    if head.project:
        x = tap("head.projected", linear(weights, "head.project", x), rows)
    if head.scale != 1:
        x = x * x.dtype.type(head.scale)
    vocab = spec.vocab_of(spec.main)
    step = max(1, (1 << 24) // vocab)
    for start in range(0, len(x), step):
        part = x[start : start + step]
        room = partial(tap.vocabulary_room, start=start, rows=len(x), shape=(len(part), vocab), dtype=x.dtype)
        logits = linear(weights, "head", part, out=room("logits"))
        if head.logit_scale != 1:
            logits *= logits.dtype.type(head.logit_scale)
        if head.cap is not None:
            logits[:] = soft_cap(logits, head.cap)
        tap.keep_vocabulary("logits", logits, start, len(x))
        if tap.wants("probs"):
            tap.keep_vocabulary("probs", softmax(logits, out=room("probs")), start, len(x))
    tap.finish_vocabulary()


# ------------------------------------------------------------------ parameters in their places


def linear(weights: Weights, name: str, x: Array, out: Array | None = None) -> Array:
    """X W + b, or X W where the model has no such bias. [row, in] -> [row, out], written into `out` if given."""
    width, parts = weights.columns(name + ".weight")
    y = np.empty((len(x), width), x.dtype) if out is None else out
    for columns, matrix in parts:
        product(x, matrix, y[:, columns])
    bias = weights(name + ".bias")
    if bias is not None:
        y += bias
    return y


def norm(part: Norm | None, weights: Weights, name: str, x: Array) -> Array:
    """The norm with the parameters of that name; without a norm, x as it is."""
    return x if part is None else part.apply(x, weights(name + ".weight"), weights(name + ".bias"))


def required(weights: Weights, name: str) -> Array:
    """A parameter that the Spec says is there."""
    value = weights(name)
    assert value is not None, name
    return value
