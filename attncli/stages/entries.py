"""What the catalogue is made of: its entries, and the part of a model that their texts depend on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from attncli.architecture.spec import Attention, Experts, FeedForward, Layer, Norm, Spec, Stack

ROWS, HIDDEN, VOCAB = ("position", "d_model"), ("position", "d_ff"), ("position", "vocab")
LATENT, EXPERTS = ("position", "latent"), ("position", "expert")
QUERY, KEY = ("head", "position", "d_head"), ("kv_head", "position", "d_head")
SQUARE, MIXED = ("head", "query", "key"), ("head", "query", "d_head")
WITH_SINK = ("head", "query", "key_or_sink")
HEAD_AXES = ("head", "kv_head")
"""The first axis of a stage that has heads."""


@dataclass(frozen=True, eq=False)
class Context:
    """The part of a model that a stage belongs to: its formula depends on it, since models and their layers
    differ."""

    spec: Spec
    stack: Stack
    layer: Layer
    attn: Attention
    cross: bool = False

    @property
    def block(self) -> str:
        return self.layer.block

    @property
    def x(self) -> str:
        """The symbol of the input of the queries."""
        if self.cross:
            return "N_c" if self.block == "pre_norm" else "R"
        return "N" if self.block in NORMED_FIRST else "X"

    @property
    def source(self) -> str:
        """The symbol of the input of keys and values."""
        return ENCODED if self.cross else self.x

    @property
    def mlp(self) -> FeedForward:
        """The feed-forward whose hidden units are stages; a layer with experts has none."""
        assert isinstance(self.layer.mlp, FeedForward)
        return self.layer.mlp

    @property
    def experts(self) -> Experts:
        assert isinstance(self.layer.mlp, Experts)
        return self.layer.mlp


NORMED_FIRST = ("pre_norm", "parallel")
ENCODED = "Y_enc"
Rule = Callable[[Context], str]
Test = Callable[[Context], bool]


@dataclass(frozen=True)
class Entry:
    """A stage of the catalogue. `of_keys`: its rows are keys, so --query does not narrow it."""

    name: str
    symbol: str
    axes: tuple[str, ...]
    formula: Rule
    meaning: str | Rule
    when: Test = lambda p: True
    detail: Rule = lambda p: ""
    of_keys: bool = False

    def meaning_in(self, context: Context) -> str:
        """What the stage means, in one line."""
        return self.meaning if isinstance(self.meaning, str) else self.meaning(context)

    @property
    def of_pairs(self) -> bool:
        """Whether it has a number for each query and key: [head, query, key], with or without a sink."""
        return self.axes in (SQUARE, WITH_SINK)

    @property
    def in_slabs(self) -> bool:
        """Whether it is computed some heads and queries at a time."""
        return self.of_pairs or self.axes == MIXED


def normed(norm: Norm | None, x: str) -> str:
    """The norm of x as formulas write it; x itself if there is no norm."""
    return x if norm is None else f"{norm.name}({x})"


def number(x: float) -> str:
    """A number as formulas write it."""
    return f"{x:.6g}"
