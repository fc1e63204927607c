"""Multi-head attention, from its input to what it adds to the residual stream."""

from __future__ import annotations

import numpy as np

from attncli.architecture.spec import Attention, HeadNorm, Rotary
from attncli.formula.attention import Steps, attention_in_slabs, head_outputs, merge_heads, split_heads
from attncli.formula.positions import rotary_angles, rotate
from attncli.formula.types import Array, Index
from attncli.model.site import Site
from attncli.tracing.slabs import Slab


def attention(s: Site, part: Attention, x: Array, source: Array) -> Array:
    """Multi-head attention (Vaswani et al. 2017, §3.2.2), with kv_heads that groups of heads share
    (Ainslie et al. 2023). Queries from `x` [row, d_model], keys and values from `source` [key, d_model];
    gives [row, d_model]."""
    q, k, v = project_latent(s, part, x, source) if part.latent else project_heads(s, part, x, source)
    if part.q_norm is not None:
        q = s.stage("q_normed", norm_heads(s, "q_norm", part.q_norm, q))
    if part.k_norm is not None:
        k = s.stage("k_normed", norm_heads(s, "k_norm", part.k_norm, k))
    if part.rotary is not None:
        q = s.stage("q_rotated", turn(part.rotary, q, s.rows, len(source)))
        k = s.stage("k_rotated", turn(part.rotary, k, np.arange(len(source)), len(source)))

    # softmax(Q Kᵀ / √d_k) V, with its stages from scores to mixed  [head, row, d_value]
    mixed = attention_in_slabs(q, k, v, steps(s, part), s.slabs(part, len(source)))
    return output(s, part, mixed)


def project_heads(s: Site, part: Attention, x: Array, source: Array) -> tuple[Array, Array, Array]:
    """Q = X W_Q, K = X W_K, V = X W_V, split into heads."""

    def projected(name: str, x: Array, heads: int) -> Array:
        y = s.linear(name, x)
        return split_heads(y if part.clip is None else np.clip(y, -part.clip, part.clip), heads)

    q = s.stage("q", projected("q", x, part.heads))  # Q = X W_Q  [head, row, d_head]
    k = s.stage("k", projected("k", source, part.kv_heads))  # K = X W_K  [kv_head, key, d_head]
    v = s.stage("v", projected("v", source, part.kv_heads))  # V = X W_V  [kv_head, key, d_value]
    return q, k, v


def project_latent(s: Site, part: Attention, x: Array, source: Array) -> tuple[Array, Array, Array]:
    """Q, K and V through small vectors, K_h = [C W_UK^h, K_R] and V_h = C W_UV^h (DeepSeek-AI 2024, §2.1)."""
    latent = part.latent
    assert latent is not None
    if latent.query_rank is None:
        queries = s.linear("q", x)
    else:
        c = s.stage("q_latent", s.linear("q_down", x))  # C_Q  [row, query_rank]
        c = s.stage("q_latent_normed", s.norm("q_latent_norm", latent.norm, c))
        queries = s.linear("q_up", c)
    q = s.stage("q", split_heads(queries, part.heads))  # [head, row, d_head]
    c = s.stage("kv_latent", s.linear("kv_down", source))  # C  [key, rank]
    c = s.stage("kv_latent_normed", s.norm("kv_latent_norm", latent.norm, c))
    shared = s.stage("k_shared", s.linear("k_shared", source))  # K_R  [key, rotary]
    content = split_heads(s.linear("k_up", c), part.heads)  # C W_UK  [head, key, content]
    shared = np.broadcast_to(shared, (part.heads, *shared.shape))
    k = s.stage("k", np.concatenate([content, shared], axis=-1))  # [head, key, d_head]
    v = s.stage("v", split_heads(s.linear("v_up", c), part.heads))  # C W_UV  [head, key, d_value]
    return q, k, v


def norm_heads(s: Site, name: str, part: HeadNorm, x: Array) -> Array:
    """The norm of queries or keys [head, position, d_head]: each head alone, or all as one vector."""
    if part.over == "all":
        return split_heads(s.norm(name, part.norm, merge_heads(x)), len(x))
    if part.over == "head":
        return s.norm(name, part.norm, x)
    weight = s.optional(f"{name}.weight")  # [head, d_head]
    return part.norm.apply(x, None if weight is None else weight[:, None], None)


def turn(part: Rotary, x: Array, positions: Index, length: int) -> Array:
    """Rotates the dimensions that have rotary positions; the others stay the same. [head, position, d_head]."""
    angles = rotary_angles(positions, part.frequencies(length))  # [position, size / 2]
    end = part.start + part.size
    turned = rotate(x[..., part.start : end], angles, part.interleaved, part.factor)
    if part.size == x.shape[-1]:
        return turned
    return np.concatenate([x[..., : part.start], turned, x[..., end:]], axis=-1)


def steps(s: Site, part: Attention) -> Steps:
    """What this attention does between Q Kᵀ and the softmax."""

    def add_bias(slab: Slab, scaled: Array, q: Array, k: Array) -> Array:
        assert part.bias is not None
        return part.bias.add(s.slab(slab), scaled, q, k)

    return Steps(
        part.scale,
        bias=None if part.bias is None else add_bias,
        cap=part.cap,
        allowed=part.mask.allowed,
        sinks=s.parameter("sinks") if part.sinks else None,  # [head]
    )


def output(s: Site, part: Attention, mixed: Array) -> Array:
    """O = concat(Z) W_O + b_O. `mixed` [head, row, d_value] -> [row, d_model]."""
    if s.wants("heads"):
        # Z_h W_O^h  [head, row, d_model]
        heads = s.stage("heads", head_outputs(mixed, s.parameter("output.weight")))
        if s.changes("heads"):
            bias = s.optional("output.bias")
            return s.stage("output", heads.sum(axis=0) if bias is None else heads.sum(axis=0) + bias)
    merged = merge_heads(mixed)  # concat(Z)  [row, heads * d_value]
    return s.stage("output", s.linear("output", merged) if part.output else merged)
