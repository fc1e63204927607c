"""The parameters of a model: their names and shapes by its Spec, and what gives their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Protocol

from attncli.architecture.spec import Attention, Experts, FeedForward, Latent, Layer, Norm, Spec, Stack
from attncli.formula.types import Array, Index


class Weights(Protocol):
    """Parameters by name (those of `shapes`), read when needed."""

    def __call__(self, name: str) -> Array | None:
        """The whole parameter, or None where the model has none of that name."""

    def columns(self, name: str) -> tuple[int, Iterator[tuple[slice, Array]]]:
        """How many columns a matrix [in, out] has, and all of them, some at a time: which, and their numbers."""

    def rows(self, name: str, ids: Sequence[int] | Index) -> Array:
        """Some rows of a table, [len(ids), d_model]."""


@lru_cache(maxsize=1 << 14)
def shape_of(spec: Spec, name: str) -> tuple[int, ...] | None:
    """The shape of a parameter, None if the model has none of that name.

    Matrices are [in, out], so that the formulas read X W. Names are those of the stages: `layers.3.attn.q.weight`,
    `decoder.layers.0.mlp.experts.5.gate.weight`.
    """
    side, _, rest = name.partition(".")
    stack = next((s for s in spec.stacks if s.name and s.name == side), None)
    if stack is None:
        stack, rest = spec.stacks[0], name
        if rest.startswith("head."):
            return _head_shapes(spec).get(rest)
    if not rest.startswith("layers."):
        return _stack_shapes(spec, stack).get(rest)
    _, number, inner = rest.split(".", 2)
    if not number.isdecimal() or int(number) >= len(stack.layers):
        return None
    return _layer_shapes(stack.layers[int(number)], spec.d_model).get(template(inner))


def shapes(spec: Spec) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every parameter and its shape, without the matrix of a tied head, which is the embedding's."""
    for stack in spec.stacks:
        yield from ((stack.prefix + name, shape) for name, shape in _stack_shapes(spec, stack).items())
        for number, layer in enumerate(stack.layers):
            at = f"{stack.prefix}layers.{number}."
            experts = layer.mlp.count if isinstance(layer.mlp, Experts) else 0
            for name, shape in _layer_shapes(layer, spec.d_model).items():
                for expert in range(experts) if "{E}" in name else ("",):
                    yield at + name.replace("{E}", str(expert)), shape
    tied = spec.head is not None and spec.head.tied
    yield from (pair for pair in _head_shapes(spec).items() if not (tied and pair[0] == "head.weight"))


def template(name: str) -> str:
    """layers.3.mlp.experts.5.gate.weight -> layers.{L}.mlp.experts.{E}.gate.weight"""
    parts = name.split(".")
    for before, mark in (("layers", "{L}"), ("experts", "{E}")):
        if before in parts[:-1] and parts[parts.index(before) + 1].isdecimal():
            parts[parts.index(before) + 1] = mark
    return ".".join(parts)


def layer_and_expert(name: str) -> tuple[str, str]:
    """("3", "5") for layers.3.mlp.experts.5.gate.weight; "" for a name without layer or expert."""
    parts = name.split(".")
    layer, expert = (
        parts[parts.index(before) + 1] if before in parts[:-1] else "" for before in ("layers", "experts")
    )
    return layer, expert


class _Shapes(dict[str, tuple[int, ...]]):
    """Shapes by name, gathered part by part."""

    def linear(self, name: str, size_in: int, size_out: int, bias: bool) -> None:
        self[f"{name}.weight"] = (size_in, size_out)
        if bias:
            self[f"{name}.bias"] = (size_out,)

    def norm(self, name: str, norm: Norm | None, *shape: int) -> None:
        if norm is not None and norm.weight:
            self[f"{name}.weight"] = shape
        if norm is not None and norm.bias:
            self[f"{name}.bias"] = shape


@lru_cache(maxsize=8)
def _stack_shapes(spec: Spec, stack: Stack) -> _Shapes:
    shapes, d, embed = _Shapes(), spec.d_model, stack.embed
    shapes["embed.tokens.weight"] = (spec.vocab_of(stack), embed.size)
    added = embed.size if embed.project in ("sum", "normed") else d
    if embed.stored_positions:
        shapes["embed.positions.weight"] = (embed.rows, added)
    if embed.types:
        shapes["embed.types.weight"] = (embed.types, added)
    if embed.project:
        shapes.linear("embed.project", embed.size, d, embed.project_bias)
    shapes.norm("embed.norm", embed.norm, embed.size if embed.project == "normed" else d)
    for layer in stack.layers:
        if layer.attn.bias is not None:
            shapes.update(layer.attn.bias.parameters)
    shapes.norm("final.norm", stack.final_norm, d)
    return shapes


@lru_cache(maxsize=8)
def _head_shapes(spec: Spec) -> _Shapes:
    shapes, d, head = _Shapes(), spec.d_model, spec.head
    if head is None:
        return shapes
    if head.transform is not None:
        shapes.linear("head.transform", d, head.transform.size, head.transform.bias)
        shapes.norm("head.norm", head.transform.norm, head.transform.size)
        d = head.transform.size
    if head.project:
        shapes.linear("head.project", d, spec.main.embed.size, head.project_bias)
        d = spec.main.embed.size
    shapes.linear("head", d, spec.vocab, head.bias)
    return shapes


@lru_cache(maxsize=512)
def _layer_shapes(layer: Layer, d_model: int) -> _Shapes:
    shapes = _Shapes()
    shapes.norm("attn.norm", layer.attn_norm, d_model)
    shapes.norm("attn.output_norm", layer.attn_output_norm, d_model)
    shapes.norm("cross.norm", layer.cross_norm, d_model)
    shapes.norm("mlp.norm", layer.mlp_norm, d_model)
    shapes.norm("mlp.output_norm", layer.mlp_output_norm, d_model)
    _attention_shapes(shapes, "attn.", layer.attn, d_model)
    if layer.cross is not None:
        _attention_shapes(shapes, "cross.", layer.cross, d_model)
    if isinstance(layer.mlp, Experts):
        _experts_shapes(shapes, layer.mlp, d_model)
    elif layer.mlp is not None:
        _feed_forward_shapes(shapes, "mlp.", layer.mlp, d_model)
    return shapes


def _attention_shapes(shapes: _Shapes, at: str, part: Attention, d: int) -> None:
    heads, kv_heads, value = part.heads, part.kv_heads, part.value_size
    if part.latent is None:
        shapes.linear(at + "q", d, heads * part.d_head, "q" in part.qkv_bias)
        shapes.linear(at + "k", d, kv_heads * part.d_head, "k" in part.qkv_bias)
        shapes.linear(at + "v", d, kv_heads * value, "v" in part.qkv_bias)
    else:
        _latent_shapes(shapes, at, part, part.latent, d)
    for name, norm, n in (("q_norm", part.q_norm, heads), ("k_norm", part.k_norm, kv_heads)):
        if norm is not None:
            over = {"head": (part.d_head,), "heads": (n, part.d_head), "all": (n * part.d_head,)}[norm.over]
            shapes.norm(at + name, norm.norm, *over)
    if part.sinks:
        shapes[at + "sinks"] = (heads,)
    if part.bias is not None:
        shapes.update({at + name: shape for name, shape in part.bias.own.items()})
    if part.output:
        shapes.linear(at + "output", heads * value, d, part.output_bias)


def _latent_shapes(shapes: _Shapes, at: str, part: Attention, latent: Latent, d: int) -> None:
    if latent.query_rank is None:
        shapes.linear(at + "q", d, part.heads * part.d_head, False)
    else:
        shapes.linear(at + "q_down", d, latent.query_rank, latent.bias)
        shapes.norm(at + "q_latent_norm", latent.norm, latent.query_rank)
        shapes.linear(at + "q_up", latent.query_rank, part.heads * part.d_head, False)
    shapes.linear(at + "kv_down", d, latent.rank, latent.bias)
    shapes.linear(at + "k_shared", d, latent.rotary, latent.bias)
    shapes.norm(at + "kv_latent_norm", latent.norm, latent.rank)
    shapes.linear(at + "k_up", latent.rank, part.heads * latent.content, False)
    shapes.linear(at + "v_up", latent.rank, part.heads * part.value_size, False)


def _feed_forward_shapes(shapes: _Shapes, at: str, part: FeedForward, d: int) -> None:
    if part.gated:
        shapes.linear(at + "gate", d, part.size, part.bias)
    shapes.linear(at + "hidden", d, part.size, part.bias)
    shapes.linear(at + "output", part.size, d, part.bias)


def _experts_shapes(shapes: _Shapes, part: Experts, d: int) -> None:
    shapes.linear("mlp.router", d, part.count, part.router_bias)
    if part.choice_bias:
        shapes["mlp.router.choice"] = (part.count,)
    _feed_forward_shapes(shapes, "mlp.experts.{E}.", part.each, d)
    if part.shared is not None:
        _feed_forward_shapes(shapes, "mlp.shared.", part.shared, d)
        if part.shared_gate:
            shapes.linear("mlp.shared_gate", d, 1, False)
