"""What a model is: its shapes, and the parts that its forward is put together from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attncli.formula.types import Array

Norm = Callable[[Array, Array | None, Array | None], Array]
Activation = Callable[[Array], Array]
Mask = Callable[[Array, NDArray[np.intp]], Array]


@dataclass(frozen=True, eq=False)
class Spec:
    """A model's shapes and parts, chosen once, from which the forward and the stages follow.

    `norm`, `activation` and `mask` are the functions themselves; `norm_name` and `activation_name` are
    how the formulas print them. Sizes are counts of numbers; `scale` multiplies Q Kᵀ.
    """

    family: str
    layers: int
    heads: int
    kv_heads: int
    d_model: int
    d_head: int
    vocab: int
    positions: str  # learned | sinusoidal | rotary | alibi | none
    causal: bool
    mask: Mask
    scale: float
    d_value: int = 0  # 0: as d_head
    d_ff: int = 0  # 0: no feed-forward
    max_positions: int | None = None
    types: int = 0  # token types (segments); 0: none
    block: str = "pre_norm"  # pre_norm | post_norm | attention_only
    norm: Norm | None = None
    norm_name: str = "LayerNorm"
    norm_weight: bool = True
    norm_bias: bool = True
    embed_norm: bool = False
    final_norm: bool = False
    activation: Activation | None = None
    activation_name: str = ""
    gated: bool = False
    qkv_bias: frozenset[str] = frozenset()  # of "q", "k", "v"
    output: bool = True  # whether there is a W_O
    output_bias: bool = False
    mlp_bias: bool = False
    frequencies: Array | None = None  # rotary, [d_head / 2]
    slopes: Array | None = None  # ALiBi, [head]
    head: str = "none"  # linear | masked_lm | none: what makes logits
    tied: bool = False  # the head's matrix is the embedding's, transposed
    head_bias: bool = False

    @property
    def value_size(self) -> int:
        return self.d_value or self.d_head

    @property
    def group(self) -> int:
        """How many query heads share a key and value head."""
        return self.heads // self.kv_heads

    @property
    def post_norm(self) -> bool:
        return self.block == "post_norm"

    @property
    def has_mlp(self) -> bool:
        return self.d_ff > 0


def parameters(spec: Spec) -> dict[str, tuple[int, ...]]:
    """The name and shape of every parameter that a model of this Spec has.

    Matrices are [in, out], so that the formulas read X W. Layer names hold `{L}`.
    """
    d, h, n = spec.d_model, spec.d_head, spec.norm is not None
    shapes: dict[str, tuple[int, ...]] = {"embed.tokens.weight": (spec.vocab, d)}
    if spec.positions == "learned":
        shapes["embed.positions.weight"] = (spec.max_positions or 0, d)
    if spec.types:
        shapes["embed.types.weight"] = (spec.types, d)

    def norm(name: str, wanted: bool = True) -> None:
        if n and wanted and spec.norm_weight:
            shapes[f"{name}.weight"] = (d,)
        if n and wanted and spec.norm_bias:
            shapes[f"{name}.bias"] = (d,)

    def linear(name: str, size_in: int, size_out: int, bias: bool) -> None:
        shapes[f"{name}.weight"] = (size_in, size_out)
        if bias:
            shapes[f"{name}.bias"] = (size_out,)

    norm("embed.norm", spec.embed_norm)
    norm("layers.{L}.attn.norm")
    linear("layers.{L}.attn.q", d, spec.heads * h, "q" in spec.qkv_bias)
    linear("layers.{L}.attn.k", d, spec.kv_heads * h, "k" in spec.qkv_bias)
    linear("layers.{L}.attn.v", d, spec.kv_heads * spec.value_size, "v" in spec.qkv_bias)
    if spec.output:
        linear("layers.{L}.attn.output", spec.heads * spec.value_size, d, spec.output_bias)
    if spec.has_mlp:
        norm("layers.{L}.mlp.norm")
        if spec.gated:
            linear("layers.{L}.mlp.gate", d, spec.d_ff, spec.mlp_bias)
        linear("layers.{L}.mlp.hidden", d, spec.d_ff, spec.mlp_bias)
        linear("layers.{L}.mlp.output", spec.d_ff, d, spec.mlp_bias)
    norm("final.norm", spec.final_norm)
    if spec.head == "masked_lm":
        linear("head.transform", d, d, True)
        norm("head.norm")
    if spec.head != "none":
        linear("head", d, spec.vocab, spec.head_bias)
    return shapes
