"""A worked example: one query of one head, followed through the attention formula number by number.

Stages that the forward pass recorded are taken as they are. What lies between two stages (the products that add up
to a score, the powers of e behind a weight, what each key's value adds to the output) is one operation on them, so
that anyone who has the stages can redo each line.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from attncli.architecture.spec import Attention
from attncli.formula.types import Array, Index
from attncli.stages.names import (
    BEFORE_SOFTMAX,
    BIASED,
    KEYS,
    MASKED,
    MASKED_WITH_SINK,
    MIXED,
    QUERIES,
    SCALED,
    WEIGHTS,
    WEIGHTS_WITH_SINK,
    V,
)
from attncli.text.tokens import Tokens
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace


def stages_of(offered: Collection[str], path: str) -> list[str]:
    """Names of the stages that a worked example of the attention `path` (`layers.3.attn`) needs, out of those that
    a model offers."""

    def existing(*names: str) -> list[str]:
        return [full for name in names if (full := f"{path}.{name}") in offered]

    vectors = [*existing(*QUERIES)[:1], *existing(*KEYS)[:1], f"{path}.{V}"]
    return [*vectors, *existing(*BEFORE_SOFTMAX, MASKED_WITH_SINK, WEIGHTS_WITH_SINK, WEIGHTS, MIXED)]


@dataclass(frozen=True, eq=False)
class StageRow:
    """The numbers of a stage for one query and head, with the catalogue's description of the stage."""

    stage: str
    symbol: str
    formula: str
    meaning: str
    detail: str
    values: Array

    @property
    def name(self) -> str:
        """The stage's name within its attention: `scaled`."""
        return self.stage.rsplit(".", 1)[-1]


@dataclass(frozen=True, eq=False)
class Sink:
    """The sink: a column that takes weight and has no value. Its score, its power of e, and its weight."""

    score: float
    power: float
    weight: float


@dataclass(frozen=True, eq=False)
class WorkedExample:
    """Everything that one query's row of one head is computed from.

    `path` names the attention (`layers.3.attn`); `kv_head` is the head whose keys and values are read. `scale`
    multiplies the scores; `cap` is the limit of a soft cap, None where there is none. `query` is a position in
    `query_tokens`. Arrays have the dtype of the trace.
    """

    path: str
    layer: int
    head: int
    kv_head: int
    heads: int
    kv_heads: int
    query: int
    query_tokens: Tokens
    key_tokens: Tokens
    scale: float
    cap: float | None
    q: StageRow  # [d_head]
    k: StageRow  # [key, d_head]
    steps: tuple[StageRow, ...]  # [key] each
    with_sink: tuple[StageRow, StageRow] | None  # scores and weights, [key + 1] each
    weights: StageRow  # [key]
    v: StageRow  # [key, d_value]
    mixed: StageRow  # [d_value]

    def __repr__(self) -> str:
        """WorkedExample(layers.1.attn, head 0, query 3 ' sat', 8 keys)"""
        query = f"query {self.query} {self.query_tokens.texts[self.query]!r}"
        return f"WorkedExample({self.path}, head {self.head}, {query}, {len(self.key_tokens)} keys)"

    def step(self, name: str) -> Array:
        """The numbers of one of the steps. [key]"""
        return next(step.values for step in self.steps if step.name == name)

    @cached_property
    def products(self) -> Array:
        """q_i k_i, whose sum over i is the score. [key, d_head]"""
        return self.q.values * self.k.values

    @cached_property
    def bias(self) -> Array | None:
        """B - S', the bias that is added to the scaled scores; None if there is no bias, or if it is the sum of
        separate stages. [key]"""
        names = [step.name for step in self.steps]
        if BIASED not in names or names.index(BIASED) > names.index(SCALED) + 1:
            return None
        return self.step(BIASED) - self.step(SCALED)

    @cached_property
    def max_score(self) -> float:
        """The largest input of the softmax, the sink's included. The softmax subtracts it first, so that e^x stays
        finite."""
        return float(self._scores.max())

    @property
    def max_key(self) -> int | None:
        """The key with the largest score; None: it is the sink's."""
        position = int(self._scores.argmax())
        return position if position < len(self.weights.values) else None

    @property
    def _scores(self) -> Array:
        """The input of the softmax. [key], or [key + 1] with a sink"""
        return self.step(MASKED) if self.with_sink is None else self.with_sink[0].values

    @cached_property
    def powers(self) -> Array:
        """e^(M - max). [key]"""
        return self._powers[: len(self.weights.values)]

    @cached_property
    def _powers(self) -> Array:
        with np.errstate(invalid="ignore"):  # NaN in the weights is shown as it is, after a warning
            return np.exp(self._scores - self._scores.dtype.type(self.max_score))

    @cached_property
    def total(self) -> float:
        """The sum of the powers, the sink's included."""
        return float(self._powers.sum(dtype=np.float64))

    @property
    def sink(self) -> Sink | None:
        """The sink, if the attention has one."""
        if self.with_sink is None:
            return None
        score, weight = (float(row.values[-1]) for row in self.with_sink)
        return Sink(score, float(self._powers[-1]), weight)

    @cached_property
    def lengths(self) -> Array:
        """‖v‖, the norm of each value vector. [key]"""
        return np.sqrt(np.sum(np.square(self.v.values), axis=-1))

    @cached_property
    def taken(self) -> Array:
        """A ‖v‖: the norm of what each key adds to the output. A short value with a large weight may add less than
        a long one with a small weight (Kobayashi et al. 2020, "Attention is Not Only a Weight", §3). [key]"""
        return self.weights.values * self.lengths

    @property
    def allowed(self) -> Index:
        """The keys that the mask does not hide."""
        return np.flatnonzero(~np.isneginf(self.step(MASKED)))


def worked_example(trace: Trace, path: str, attention: Attention, head: int, query: int) -> WorkedExample:
    """The worked example of a query (a position) and a head of the attention `path`. The trace must hold the
    stages that `stages_of` names, with that head and that row. `attention` knows how heads share keys, the scale
    and the cap."""
    stages = {name.rsplit(".", 1)[-1]: stage for name, stage in trace.items() if name.rpartition(".")[0] == path}
    weights, kv_head = stages[WEIGHTS], head // attention.group
    query_tokens, key_tokens = trace.tokens_along(weights, "query"), trace.tokens_along(weights, "key")
    assert query_tokens is not None
    assert key_tokens is not None

    def query_row(name: str) -> StageRow:
        stage = stages[name]
        return _row(stage, stage.values[stage.head_indices.index(head), stage.row_indices.index(query)])

    def all_keys(name: str) -> StageRow:
        stage = stages[name]
        return _row(stage, stage.values[stage.head_indices.index(kv_head)])

    return WorkedExample(
        path=path,
        layer=weights.layer or 0,
        head=head,
        kv_head=kv_head,
        heads=attention.heads,
        kv_heads=attention.kv_heads,
        query=query,
        query_tokens=query_tokens,
        key_tokens=key_tokens,
        scale=attention.scale,
        cap=attention.cap,
        q=query_row(next(name for name in QUERIES if name in stages)),
        k=all_keys(next(name for name in KEYS if name in stages)),
        steps=tuple(query_row(name) for name in BEFORE_SOFTMAX if name in stages),
        with_sink=(query_row(MASKED_WITH_SINK), query_row(WEIGHTS_WITH_SINK)) if attention.sinks else None,
        weights=query_row(WEIGHTS),
        v=all_keys("v"),
        mixed=query_row(MIXED),
    )


def _row(stage: Stage, values: Array) -> StageRow:
    return StageRow(stage.name, stage.symbol, stage.formula, stage.meaning, stage.detail, values)


# ------------------------------------------------------------------ which keys are written out


@dataclass(frozen=True, eq=False)
class KeyChoice:
    """The keys that are written out, in order. The rest are `others`, which are summed up in one line, and
    `masked`."""

    keys: Index
    others: Index
    masked: Index


def largest(example: WorkedExample, top: int | None) -> KeyChoice:
    """The `top` keys with the largest weights. All keys, masked ones included, if there are no more than that or
    `top` is None."""
    count = len(example.weights.values)
    if top is None or count <= top:
        none = np.arange(0)
        return KeyChoice(np.arange(count), none, none)
    by_weight = np.argsort(-example.weights.values[example.allowed], kind="stable")
    return only(example, example.allowed[by_weight[:top]])


def only(example: WorkedExample, keys: Index) -> KeyChoice:
    """These keys and no others."""
    rest = np.setdiff1d(np.arange(len(example.weights.values)), keys)
    allowed = np.isin(rest, example.allowed)
    return KeyChoice(np.sort(keys), rest[allowed], rest[~allowed])


def none_alone(example: WorkedExample, choice: KeyChoice) -> KeyChoice:
    """The choice, and a key that would be the only other one or the only masked one: the line for it takes as much
    room as the key itself."""
    alone = [keys for keys in (choice.others, choice.masked) if len(keys) == 1]
    return only(example, np.concatenate([choice.keys, *alone])) if alone else choice


@dataclass(frozen=True, eq=False)
class KeySum:
    """Several keys in one line: the sums of their powers, of their weights, and of A ‖v‖ (`taken`). `v` and
    `length` are averages weighted by A, so that weight × v is what the keys add to the output, and
    weight × length is `taken`."""

    count: int
    power: float
    weight: float
    length: float
    taken: float
    v: Array  # [d_value]


def summed(example: WorkedExample, keys: Index) -> KeySum:
    """Several keys as one, in float64."""
    weights = example.weights.values[keys].astype(np.float64)
    weight, taken = weights.sum(), example.taken[keys].sum(dtype=np.float64)
    mixed = weights @ example.v.values[keys]  # [d_value]
    share = 0.0 if weight == 0 else 1 / weight
    power = float(example.powers[keys].sum(dtype=np.float64))
    return KeySum(len(keys), power, float(weight), float(taken * share), float(taken), mixed * share)


def partial_sums(example: WorkedExample, choice: KeyChoice) -> Array:
    """The output as it adds up: Σ A v over the chosen keys up to each of them, and in the last row over all keys.
    float64 [key + 1, d_value]"""
    weights, v = example.weights.values.astype(np.float64), example.v.values
    terms = weights[choice.keys, None] * v[choice.keys]  # [key, d_value]
    rest = weights[choice.others] @ v[choice.others]  # [d_value]
    return np.cumsum(np.concatenate([terms, rest[None]]), axis=0)
