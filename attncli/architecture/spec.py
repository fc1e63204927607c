"""The Spec of a model: its sizes, and the parts of its forward pass.

A Spec is made once, when a config is read. It has one stack of layers, or two: an encoder and a decoder. Every
layer has its own parts, since the layers of a model may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from attncli.formula.masks import Allowed
from attncli.formula.types import Array, Index

Activation = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Norm:
    """A normalization of the last axis: its name in formulas, `apply(x, weight, bias)`, and which parameters it
    has."""

    name: str
    apply: Callable[[Array, Array | None, Array | None], Array]
    weight: bool = True
    bias: bool = True


@dataclass(frozen=True, eq=False)
class HeadNorm:
    """A norm of queries or keys. `over`: `head` (each head alone, with the same parameters), `heads` (each head
    with its own parameters) or `all` (the heads side by side, as one vector)."""

    norm: Norm
    over: str = "head"


@dataclass(frozen=True, eq=False)
class Mask:
    """Which keys a query sees. `text`: the condition, as formulas write it; `forbids`: the keys it leaves out, in
    words. Both are empty, and `allowed` is None, if every query sees every key."""

    text: str
    allowed: Allowed | None
    forbids: str = "keys outside the mask"


@dataclass(frozen=True, eq=False)
class Rotary:
    """Rotary positions of `size` dimensions of a head, from `start` on.

    `frequencies(tokens)`: radians per position in a text of that many tokens, float32 [size / 2]. The pairs are
    (i, i + size/2), or neighbors if `interleaved`. `factor` multiplies sine and cosine.
    """

    frequencies: Callable[[int], Array]
    size: int
    start: int = 0
    interleaved: bool = False
    factor: float = 1.0


class ScoreSite(Protocol):
    """Where a bias is added: some heads and some queries of one attention, with its parameters and its tap."""

    @property
    def heads(self) -> Sequence[int]:
        """Which heads."""

    @property
    def rows(self) -> Index:
        """The positions of the queries. [query]"""

    @property
    def stack(self) -> ScoreSite:
        """The stack, for parameters that all its layers share."""

    def parameter(self, name: str) -> Array:
        """A parameter of the attention, or of the stack."""

    def linear(self, name: str, x: Array) -> Array:
        """X W + b with the parameters of that name."""

    def norm(self, name: str, norm: Norm | None, x: Array) -> Array:
        """The norm of x with the parameters of that name."""

    def stage(self, name: str, values: Array) -> Array:
        """Hands a stage to the tap, and returns what the next step reads."""


AddBias = Callable[[ScoreSite, Array, Array, Array], Array]
"""(site, scaled scores [head, query, key], q [head, query, d_head], k [head, key, d_head]) -> scores with the
bias."""


@dataclass(frozen=True, eq=False)
class Bias:
    """What is added to the scaled scores.

    `text` is its formula, `meaning` its meaning, `detail` explains the symbols. `add` adds it to the scores of
    some heads and queries. `stages` are its own stages. `parameters` are the shapes of the parameters that the
    layers of a stack share, by name within the stack; `own` of those that each attention has, by name within the
    attention.
    """

    text: str
    meaning: str
    add: AddBias
    stages: tuple[str, ...] = ()
    parameters: dict[str, tuple[int, ...]] = field(default_factory=dict)
    own: dict[str, tuple[int, ...]] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Latent:
    """Multi-head latent attention (DeepSeek-AI 2024, §2.1): keys and values come from a small vector of `rank`
    numbers, queries from one of `query_rank`, or directly if that is None.

    Of a key, the first `content` dimensions are the head's own; all heads share the last `rotary` ones.
    """

    query_rank: int | None
    rank: int
    content: int
    rotary: int
    norm: Norm
    bias: bool = False


@dataclass(frozen=True, eq=False)
class Attention:
    """One attention. `scale` multiplies Q Kᵀ; `clip` bounds q, k and v; `cap` bounds the scores smoothly; with
    `sinks` each head has one more key, which takes its share of the weights and has no value."""

    heads: int
    kv_heads: int
    d_head: int
    scale: float
    mask: Mask
    d_value: int = 0  # 0: as d_head
    qkv_bias: frozenset[str] = frozenset()  # of "q", "k", "v"
    output: bool = True  # whether there is a W_O
    output_bias: bool = False
    clip: float | None = None
    latent: Latent | None = None
    q_norm: HeadNorm | None = None
    k_norm: HeadNorm | None = None
    rotary: Rotary | None = None
    bias: Bias | None = None
    cap: float | None = None
    sinks: bool = False

    @property
    def value_size(self) -> int:
        return self.d_value or self.d_head

    @property
    def group(self) -> int:
        """How many query heads share one key and value head."""
        return self.heads // self.kv_heads


@dataclass(frozen=True, eq=False)
class FeedForward:
    """activation(x W_1) W_2; gated: (activation(x W_gate) ⊙ x W_1) W_2, or combine(x W_gate, x W_1) W_2. `size`:
    how many hidden units."""

    size: int
    activation: Activation
    activation_name: str
    gated: bool = False
    bias: bool = False
    combine: Callable[[Array, Array], Array] | None = None
    combine_text: str = ""


@dataclass(frozen=True, eq=False)
class Experts:
    """A mixture of `count` feed-forwards. A router chooses `chosen` of them for each token.

    `route(scores [row, expert], choice bias [expert] or None)` gives their weights, 0 for those not chosen.
    """

    count: int
    chosen: int
    each: FeedForward
    route: Callable[[Array, Array | None], Array]
    text: str
    router_bias: bool = False
    choice_bias: bool = False
    shared: FeedForward | None = None
    shared_gate: bool = False


@dataclass(frozen=True, eq=False)
class Layer:
    """A block: how its parts are combined, the parts, and their norms."""

    block: str  # pre_norm | post_norm | parallel | attention_only
    attn: Attention
    mlp: FeedForward | Experts | None = None
    cross: Attention | None = None
    attn_norm: Norm | None = None
    attn_output_norm: Norm | None = None  # of what the attention adds
    cross_norm: Norm | None = None
    mlp_norm: Norm | None = None  # parallel without it: the feed-forward reads the input of the attention
    mlp_output_norm: Norm | None = None
    residual_scale: float = 1.0  # multiplies what attention and feed-forward add


def from_zero(ids: Sequence[int]) -> Index:
    """The positions 0, 1, 2, … of the tokens. [position]"""
    return np.arange(len(ids))


@dataclass(frozen=True, eq=False)
class Embed:
    """Text to vectors. `positions`: learned | sinusoidal | rotary | alibi | relative | none.

    `max_positions` limits the tokens (None: no limit). `position_of(ids)` gives each token's row in the
    checkpoint's table of positions, which has `rows` rows, or the position that `table(positions, d_model)`
    encodes; `table_text` is the formula of that table, empty for Vaswani's. `vocab`: the size of the stack's own
    vocabulary, 0 if it has none.
    """

    positions: str
    size: int  # of the token vectors, before any projection
    max_positions: int | None = None
    rows: int = 0
    position_of: Callable[[Sequence[int]], Index] = from_zero
    position_text: str = "pos"  # that row, as formulas write it
    position_detail: str = ""
    table: Callable[[Index, int], Array] | None = None
    table_text: str = ""
    scale: float = 1.0
    types: int = 0  # token types (segments); 0: none
    pairs: bool = False  # whether it takes two texts even without types
    norm: Norm | None = None
    project: str = ""  # to d_model, if size differs: "tokens" alone, their "sum" with positions, or that "normed"
    project_bias: bool = False
    vocab: int = 0

    @property
    def stored_positions(self) -> bool:
        """Whether the checkpoint holds the table of positions (learned, or sinusoidal and stored)."""
        return self.positions == "learned" or self.rows > 0


@dataclass(frozen=True, eq=False)
class Stack:
    """Layers one after the other. `name`: empty, or encoder or decoder in a model with two stacks."""

    embed: Embed
    layers: tuple[Layer, ...]
    final_norm: Norm | None = None
    name: str = ""

    @property
    def prefix(self) -> str:
        """What the names of its stages and parameters begin with."""
        return f"{self.name}." if self.name else ""


@dataclass(frozen=True, eq=False)
class Transform:
    """What a masked-word head does before the logits: a linear map, an activation, a norm."""

    size: int
    activation: Activation
    activation_name: str
    norm: Norm | None
    bias: bool = True


@dataclass(frozen=True, eq=False)
class Head:
    """The head: `scale` multiplies its input, `logit_scale` the logits; `cap` bounds the logits smoothly."""

    tied: bool  # the matrix is the embedding's, transposed
    bias: bool = False
    transform: Transform | None = None
    project: bool = False  # to the size of the token vectors first
    project_bias: bool = False
    scale: float = 1.0
    logit_scale: float = 1.0
    cap: float | None = None


@dataclass(frozen=True, eq=False)
class Spec:
    """A model: its stacks and its head. `start`: the id that a decoder beside an encoder begins with.
    `speaks_language`: whether the decoder's text then begins with the code of its language, which the text does
    not contain."""

    family: str
    d_model: int
    vocab: int
    stacks: tuple[Stack, ...]
    head: Head | None = None
    start: int | None = None
    speaks_language: bool = False

    @property
    def main(self) -> Stack:
        """The only stack, or the decoder."""
        return self.stacks[-1]

    @property
    def encoder(self) -> Stack | None:
        """The first of two stacks."""
        return self.stacks[0] if len(self.stacks) > 1 else None

    @property
    def layers(self) -> int:
        return max(len(stack.layers) for stack in self.stacks)

    @property
    def attention(self) -> Attention:
        """The attention of the first layer, whose sizes count as the model's."""
        return self.main.layers[0].attn

    @property
    def heads(self) -> int:
        return self.attention.heads

    @property
    def kv_heads(self) -> int:
        return self.attention.kv_heads

    @property
    def d_head(self) -> int:
        return self.attention.d_head

    @property
    def positions(self) -> str:
        return self.main.embed.positions

    @property
    def max_positions(self) -> int | None:
        return self.main.embed.max_positions

    @property
    def types(self) -> int:
        return self.stacks[0].embed.types

    @property
    def pairs(self) -> bool:
        """Whether it takes two texts as one input."""
        return self.types > 0 or self.stacks[0].embed.pairs

    @property
    def causal(self) -> bool:
        """Whether no query sees a later key."""
        allowed = self.attention.mask.allowed
        return allowed is not None and not bool(allowed(np.array([0]), np.array([1])).any())

    def vocab_of(self, stack: Stack) -> int:
        """The size of a stack's vocabulary."""
        return stack.embed.vocab or self.vocab

    def stack(self, prefix: str) -> Stack:
        """The stack whose stages' names begin so."""
        return next(s for s in self.stacks if s.prefix == prefix)
