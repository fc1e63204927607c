"""What the catalogue is written in: its entries, and the places in a model that their formulas look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from attncli.architecture.spec import Attention, Experts, FeedForward, Layer, Norm, Spec, Stack

ROWS, HIDDEN, VOCAB = ("position", "d_model"), ("position", "d_ff"), ("position", "vocab")
LATENT, EXPERTS = ("position", "latent"), ("position", "expert")
QUERY, KEY = ("head", "position", "d_head"), ("kv_head", "position", "d_head")
SQUARE, MIXED = ("head", "query", "key"), ("head", "query", "d_head")
WITH_SINK = ("head", "query", "key_or_sink")


@dataclass(frozen=True, eq=False)
class Place:
    """Where a stage lies in a model: what formulas look at, for models and their layers differ."""

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
        """The symbol of what the queries are made from."""
        if self.cross:
            return "N_c" if self.block == "pre_norm" else "R"
        return "N" if self.block in NORMED_FIRST else "X"

    @property
    def source(self) -> str:
        """The symbol of what keys and values are made from."""
        return ENCODED if self.cross else self.x

    @property
    def mlp(self) -> FeedForward:
        """The feed-forward whose units are stages: there are none where experts are chosen."""
        assert isinstance(self.layer.mlp, FeedForward)
        return self.layer.mlp

    @property
    def experts(self) -> Experts:
        assert isinstance(self.layer.mlp, Experts)
        return self.layer.mlp


NORMED_FIRST = ("pre_norm", "parallel")
ENCODED = "Y_enc"
Rule = Callable[[Place], str]
Test = Callable[[Place], bool]


@dataclass(frozen=True)
class Entry:
    """A line of the catalogue. `of_keys`: its rows are keys, which --query does not narrow."""

    name: str
    symbol: str
    axes: tuple[str, ...]
    formula: Rule
    meaning: str | Rule
    when: Test = lambda p: True
    detail: Rule = lambda p: ""
    of_keys: bool = False

    def says(self, place: Place) -> str:
        """What the stage means, in a line."""
        return self.meaning if isinstance(self.meaning, str) else self.meaning(place)


def normed(norm: Norm | None, x: str) -> str:
    """The norm of x, as formulas write it; x itself where there is no norm."""
    return x if norm is None else f"{norm.name}({x})"


def number(x: float) -> str:
    """A number, as formulas write it."""
    return f"{x:.6g}"
