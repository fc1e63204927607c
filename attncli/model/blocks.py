"""The blocks: how attention, feed-forward and norms are combined in a layer.

Each takes `x` [position, d_model] and gives the residual stream after the layer, [row, d_model]. `memory` is the
last state of the encoder, [key, d_model], which cross-attention reads.
"""

from __future__ import annotations

from collections.abc import Callable

from attncli.architecture.spec import Experts, Layer, Norm
from attncli.formula.types import Array
from attncli.model.attention import attention
from attncli.model.feed_forward import feed_forward, mixture
from attncli.model.site import Site


def pre_norm(s: Site, layer: Layer, x: Array, memory: Array | None) -> Array:
    """x + attention(norm(x)), then that + feed_forward(norm(that)): GPT-2, Llama."""
    n = s.stage("attn.input", s.norm("attn.norm", layer.attn_norm, x))
    x = s.stage("resid.mid", s.computed(x) + attended(s, layer, n))
    if layer.cross is not None:
        n = s.stage("cross.input", s.norm("cross.norm", layer.cross_norm, x))
        x = s.stage("resid.cross", x + cross_attended(s, layer, n, memory))
    n = s.stage("mlp.input", s.norm("mlp.norm", layer.mlp_norm, x))
    return s.stage("resid.out", x + fed_forward(s, layer, n))


def post_norm(s: Site, layer: Layer, x: Array, memory: Array | None) -> Array:
    """norm(x + attention(x)), then norm(that + feed_forward(that)): the first Transformer, BERT."""
    x = s.stage("attn.input", x)
    x = s.stage("resid.mid_sum", s.computed(x) + attended(s, layer, x))
    x = s.stage("resid.mid", s.norm("attn.norm", layer.attn_norm, x))
    if layer.cross is not None:
        x = s.stage("cross.input", x)
        x = s.stage("resid.cross_sum", x + cross_attended(s, layer, x, memory))
        x = s.stage("resid.cross", s.norm("cross.norm", layer.cross_norm, x))
    x = s.stage("mlp.input", x)
    x = s.stage("resid.out_sum", x + fed_forward(s, layer, x))
    return s.stage("resid.out", s.norm("mlp.norm", layer.mlp_norm, x))


def parallel(s: Site, layer: Layer, x: Array, memory: Array | None) -> Array:
    """x + attention(norm(x)) + feed_forward(norm(x)): GPT-J (Wang and Komatsuzaki 2021), Falcon."""
    n = s.stage("attn.input", s.norm("attn.norm", layer.attn_norm, x))
    x, from_attention = s.computed(x), attended(s, layer, n)
    n = s.computed(n) if layer.mlp_norm is None else s.norm("mlp.norm", layer.mlp_norm, x)
    n = s.stage("mlp.input", n)
    return s.stage("resid.out", x + from_attention + fed_forward(s, layer, n))


def attention_only(s: Site, layer: Layer, x: Array, memory: Array | None) -> Array:
    """attention(x) and nothing around it: a layer of the user's own."""
    return attended(s, layer, s.stage("attn.input", x))


BLOCKS: dict[str, Callable[[Site, Layer, Array, Array | None], Array]] = {
    "pre_norm": pre_norm,
    "post_norm": post_norm,
    "parallel": parallel,
    "attention_only": attention_only,
}


# ------------------------------------------------------------------ what is added to the residual stream


def attended(s: Site, layer: Layer, x: Array) -> Array:
    """What self-attention adds. `x` [position, d_model] -> [row, d_model]."""
    out = attention(s.within("attn"), layer.attn, s.computed(x), x)
    return added(s, layer, "attn", layer.attn_output_norm, out)


def cross_attended(s: Site, layer: Layer, x: Array, memory: Array | None) -> Array:
    """What the attention to the encoder adds. `x` [row, d_model] -> [row, d_model]."""
    assert layer.cross is not None
    assert memory is not None
    return attention(s.within("cross"), layer.cross, x, memory)


def fed_forward(s: Site, layer: Layer, x: Array) -> Array:
    """What the feed-forward adds. `x` [row, d_model] -> [row, d_model]."""
    mlp = layer.mlp
    assert mlp is not None
    out = mixture(s.within("mlp"), mlp, x) if isinstance(mlp, Experts) else feed_forward(s.within("mlp"), mlp, x)
    return added(s, layer, "mlp", layer.mlp_output_norm, out)


def added(s: Site, layer: Layer, part: str, norm: Norm | None, out: Array) -> Array:
    """The output of attention or feed-forward, normalized and scaled where the model does so. [row, d_model]."""
    if norm is not None:
        out = s.stage(f"{part}.output_normed", s.norm(f"{part}.output_norm", norm, out))
    return out if layer.residual_scale == 1 else out * out.dtype.type(layer.residual_scale)
