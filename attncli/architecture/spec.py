"""What a model is: its shapes, and the parts that its forward is put together from.

A Spec is chosen once, when a config is read. It has one stack of layers (or two: encoder and decoder), and every
layer has parts of its own, for the layers of a model may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from attncli.formula.masks import Allowed
from attncli.formula.types import Array, Index
from attncli.text.language import N_

Activation = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Norm:
    """A normalization of the last axis: how formulas print it, its function, and which parameters it has."""

    name: str
    apply: Callable[[Array, Array | None, Array | None], Array]
    weight: bool = True
    bias: bool = True


@dataclass(frozen=True, eq=False)
class HeadNorm:
    """A norm of queries or keys. `over`: `head` (each head alone, with the same parameters), `heads` (each head
    with parameters of its own) or `all` (the heads side by side, as one vector)."""

    norm: Norm
    over: str = "head"


@dataclass(frozen=True, eq=False)
class Mask:
    """Which keys a query may see. `text` says it in the formula, empty where every query sees every key."""

    text: str
    allowed: Allowed | None


@dataclass(frozen=True, eq=False)
class Rotary:
    """Rotary positions of `size` dimensions of a head, from `start` on.

    `frequencies` of a text of that many tokens: radians a position, float32 [size / 2]. Pairs are (i, i + size/2),
    or neighbours where `interleaved`. `factor` multiplies sine and cosine.
    """

    frequencies: Callable[[int], Array]
    size: int
    start: int = 0
    interleaved: bool = False
    factor: float = 1.0


Score = Callable[..., Array]
"""(scaled scores [head, row, key], heads=, queries=positions, tap=for stages of its own) -> with the bias."""


@dataclass(frozen=True, eq=False)
class Bias:
    """What is added to the scaled scores. `text` is its term in the formula; `parameters` the shapes of those that
    it has, by name after the stack's, and `own` of those that each layer has, by name after the attention's;
    `stages` are the steps that it has of its own; `detail` tells what the symbols stand for. `prepare(weights, the
    stack's prefix, the attention's prefix, query, key)` gives the function that adds it, a `Score`."""

    text: str
    meaning: str
    prepare: Callable[..., Score]
    stages: tuple[str, ...] = ()
    parameters: dict[str, tuple[int, ...]] = field(default_factory=dict)
    own: dict[str, tuple[int, ...]] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Latent:
    """Multi-head latent attention (DeepSeek-AI 2024, §2.1): keys and values come from a small vector.

    `query_rank` None: queries are projected as usual. The last `rotary` dimensions of a key are the same for all
    heads; those before are `content`.
    """

    query_rank: int | None
    rank: int
    content: int
    rotary: int
    norm: Norm
    bias: bool = False


@dataclass(frozen=True, eq=False)
class Attention:
    """One attention. Sizes are counts of numbers; `scale` multiplies Q Kᵀ; `clip` bounds q, k and v; `cap` bends
    the scores softly below it; with `sinks` each head has a column more, which takes weight and gives nothing."""

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
        """How many query heads share a key and value head."""
        return self.heads // self.kv_heads


@dataclass(frozen=True, eq=False)
class FeedForward:
    """activation(x W_1) W_2; gated: (activation(x W_gate) ⊙ x W_1) W_2, or what `combine(gate, hidden)` makes."""

    size: int
    activation: Activation
    activation_name: str
    gated: bool = False
    bias: bool = False
    combine: Callable[[Array, Array], Array] | None = None
    combine_text: str = ""


@dataclass(frozen=True, eq=False)
class Experts:
    """A mixture of feed-forwards, of which a router chooses some for each token.

    `route(logits [row, expert], choice bias [expert] or None)` gives their weights, 0 where not chosen.
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
    """A block: how its parts are put together, the parts, and their norms."""

    block: str  # pre_norm | post_norm | parallel | attention_only
    attn: Attention
    mlp: FeedForward | Experts | None = None
    cross: Attention | None = None
    attn_norm: Norm | None = None
    attn_output_norm: Norm | None = None  # of what the attention adds
    cross_norm: Norm | None = None
    mlp_norm: Norm | None = None  # parallel without it: the feed-forward reads what the attention reads
    mlp_output_norm: Norm | None = None
    residual_scale: float = 1.0  # multiplies what attention and feed-forward add


def in_order(ids: Sequence[int]) -> Index:
    """The positions of tokens: 0, 1, 2, …"""
    return np.arange(len(ids))


@dataclass(frozen=True, eq=False)
class Embed:
    """Text to vectors. `positions`: learned | sinusoidal | rotary | alibi | relative | none.

    `max_positions` limits the tokens (None: no limit); `position_of(ids)` gives each token's row in the
    checkpoint's table, of `rows` rows, or the position that `table(positions, d_model)` encodes, as `table_text`
    puts it. `vocab`: how many words, where they are not the model's but the stack's own.
    """

    positions: str
    size: int  # of the token vectors, before any projection
    max_positions: int | None = None
    rows: int = 0
    position_of: Callable[[Sequence[int]], Index] = in_order
    position_text: str = "pos"  # what the formula says of that row
    position_detail: str = ""
    table: Callable[[Index, int], Array] | None = None
    table_text: str = N_("sin, cos of pos / 10000^(2i/d)")
    scale: float = 1.0
    types: int = 0  # token types (segments); 0: none
    pairs: bool = False  # whether it reads two texts, even without types
    norm: Norm | None = None
    project: str = (
        ""  # to d_model, where size differs: the "tokens" alone, the "sum" before the norm, the "normed"
    )
    project_bias: bool = False
    vocab: int = 0

    @property
    def stored_positions(self) -> bool:
        """Whether the positions are a table of the checkpoint's (learned, or sinusoidal and kept there)."""
        return self.positions == "learned" or self.rows > 0


@dataclass(frozen=True, eq=False)
class Stack:
    """Layers one on the other. `name`: empty, or encoder or decoder where there are two."""

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
    """What a masked-word head does before it reads the words: a linear map, an activation, a norm."""

    size: int
    activation: Activation
    activation_name: str
    norm: Norm | None
    bias: bool = True


@dataclass(frozen=True, eq=False)
class Head:
    """What makes logits: `scale` multiplies what is read, `logit_scale` the logits, `cap` bends them below it."""

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
    """A model: its stacks and what makes its logits. `start`: the id that an encoder's decoder begins with.
    `speaks_language`: what it then says begins with the code of its language, which its text does not tell."""

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
        """That of the first layer, whose shapes stand for the model's."""
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
        """Whether it reads two texts as one input."""
        return self.types > 0 or self.stacks[0].embed.pairs

    @property
    def causal(self) -> bool:
        """Whether no query sees a later key."""
        allowed = self.attention.mask.allowed
        return allowed is not None and not bool(allowed(np.array([0]), np.array([1])).any())

    def vocab_of(self, stack: Stack) -> int:
        """How many words a stack knows."""
        return stack.embed.vocab or self.vocab

    def stack(self, prefix: str) -> Stack:
        """By the beginning of its stages' names."""
        return next(s for s in self.stacks if s.prefix == prefix)
