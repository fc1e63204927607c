"""The forward pass, from tokens to logits: one line per stage, and every stage goes to the tap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attncli.architecture.parameters import Weights
from attncli.architecture.spec import Embed, Head, Spec
from attncli.formula.attention import soft_cap
from attncli.formula.softmax import softmax
from attncli.formula.types import Array
from attncli.model.blocks import BLOCKS
from attncli.model.site import Site
from attncli.text.tokens import Tokens
from attncli.tracing.recorder import ForwardTap

__all__ = ["Weights", "forward"]

LOGITS = 1 << 24
"""How many logits are computed at a time: 64 MB in float32."""


def forward(spec: Spec, weights: Weights, inputs: Sequence[Tokens], tap: ForwardTap) -> None:
    """From the tokens of each stack to the logits. `tap` ends it, by Enough, after the last stage that is wanted.

    A decoder reads the last state of the encoder as its memory.
    """
    memory = None
    for stack, tokens in zip(spec.stacks, inputs, strict=True):
        s = Site(weights, tap, tap, np.arange(len(tokens)), stack.prefix, stack.prefix)
        x = embed(s, stack.embed, tokens)  # [position, d_model]
        for number, layer in enumerate(stack.layers):
            s = s.layer(number)
            x = BLOCKS[layer.block](s, layer, x, memory)  # [row, d_model]
        memory = x = s.stack.stage("final", s.stack.norm("final.norm", stack.final_norm, x))
    if spec.head is not None:
        unembed(Site(weights, tap, tap, s.rows), spec, spec.head, x)


def embed(s: Site, part: Embed, tokens: Tokens) -> Array:
    """E[id] + P[pos] (+ T[segment]), then the norm if the family has one. [position, d_model]."""
    x = s.stage("embed.tokens", s.embedded("embed.tokens", tokens.ids))  # E[id]
    if part.scale != 1:
        x = x * x.dtype.type(part.scale)
    if part.project == "tokens":
        x = s.stage("embed.projected", s.linear("embed.project", x))
    if part.stored_positions:
        x = x + s.stage("embed.positions", s.embedded("embed.positions", part.position_of(tokens.ids)))  # P[pos]
    elif part.table is not None:
        x = x + s.stage("embed.positions", part.table(part.position_of(tokens.ids), x.shape[-1]).astype(x.dtype))
    if part.types:
        x = x + s.stage("embed.types", s.embedded("embed.types", tokens.types))  # T[segment]
    if part.project == "sum":
        x = s.stage("embed.projected", s.linear("embed.project", x))
    x = s.norm("embed.norm", part.norm, x)
    if part.project == "normed":
        x = s.linear("embed.project", x)
    return s.stage("embed", x)


def unembed(s: Site, spec: Spec, head: Head, x: Array) -> None:
    """The logit and the probability of every token of the vocabulary. [row, vocab], some rows at a time."""
    if head.transform is not None:
        x = head.transform.activation(s.linear("head.transform", x))
        x = s.stage("head.transformed", s.norm("head.norm", head.transform.norm, x))
    if head.project:
        x = s.stage("head.projected", s.linear("head.project", x))
    if head.scale != 1:
        x = x * x.dtype.type(head.scale)
    vocab, tap = spec.vocab_of(spec.main), s.recorder
    step = max(1, LOGITS // vocab)
    for start in range(0, len(x), step):
        rows = x[start : start + step]
        shape = len(rows), vocab
        logits = s.linear("head", rows, out=tap.vocabulary_room("logits", start, len(x), shape, x.dtype))
        if head.logit_scale != 1:
            logits *= logits.dtype.type(head.logit_scale)
        if head.cap is not None:
            logits = soft_cap(logits, head.cap, out=logits)
        logits = tap.vocabulary_rows("logits", logits, start, s.rows)
        if tap.wants("probs"):
            room = tap.vocabulary_room("probs", start, len(x), shape, x.dtype)
            tap.vocabulary_rows("probs", softmax(logits, out=room), start, s.rows)
    tap.finish_vocabulary()
