"""One query of one head, followed through the attention formula: the numbers that lie between its row's stages.

A stage that the forward pass recorded is taken as it is. What stands between two stages (the products that add up
to a score, the powers of e that a weight is a share of, what each key's value adds to the output) is one operation
on them, so that whoever has a row's stages can redo each line.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from attncli.architecture.spec import Attention
from attncli.formula.types import Array, Index
from attncli.text.tokens import Tokens
from attncli.tracing.stage import Stage
from attncli.tracing.trace import Trace

QUERIES, KEYS = ("q_rotated", "q_normed", "q"), ("k_rotated", "k_normed", "k")
"""What the scores may be made of: the first that an attention has."""
STEPS = ("scores", "scaled", "content_to_position", "position_to_content", "biased", "capped", "masked")
"""From the products to what the softmax reads; those that an attention has."""


def stages_of(offered: Collection[str], at: str) -> list[str]:
    """The stages of the attention `at` (`layers.3.attn`) that a worked example is made of, of those that a model
    offers."""

    def there(*names: str) -> list[str]:
        return [full for name in names if (full := f"{at}.{name}") in offered]

    vectors = [*there(*QUERIES)[:1], *there(*KEYS)[:1], f"{at}.v"]
    return [*vectors, *there(*STEPS, "masked_with_sink", "weights_with_sink", "weights", "mixed")]


@dataclass(frozen=True, eq=False)
class Line:
    """A stage's numbers of one query and head, with what the catalogue says of it."""

    stage: str
    symbol: str
    formula: str
    meaning: str
    detail: str
    values: Array

    @property
    def name(self) -> str:
        """Within its attention: `scaled`."""
        return self.stage.rsplit(".", 1)[-1]


@dataclass(frozen=True, eq=False)
class Sink:
    """The column that takes weight and gives nothing: its score, its power of e, its weight."""

    score: float
    power: float
    weight: float


@dataclass(frozen=True, eq=False)
class Worked:
    """The row of one query. `at` is its attention (`layers.3.attn`), `kv_head` the head that gives its keys and
    values. `scale` multiplies the scores, `cap` is that of a soft cap. `said` are the tokens of the queries,
    `read` those of the keys. Arrays are in the precision of the trace."""

    at: str
    layer: int
    head: int
    kv_head: int
    heads: int
    kv_heads: int
    query: int
    said: Tokens
    read: Tokens
    scale: float
    cap: float | None
    q: Line  # [d_head]
    k: Line  # [key, d_head]
    steps: tuple[Line, ...]  # [key] each
    with_sink: tuple[Line, Line] | None  # scores and weights, [key + 1] each
    weights: Line  # [key]
    v: Line  # [key, d_value]
    mixed: Line  # [d_value]

    def step(self, name: str) -> Array:
        """The numbers of one of the steps. [key]"""
        return next(line.values for line in self.steps if line.name == name)

    @cached_property
    def products(self) -> Array:
        """q_i k_i, whose sum over i is the score. [key, d_head]"""
        return self.q.values * self.k.values

    @cached_property
    def bias(self) -> Array | None:
        """B - S', where no stage of its own says what was added. [key]"""
        names = [line.name for line in self.steps]
        if "biased" not in names or names.index("biased") > names.index("scaled") + 1:
            return None
        return self.step("biased") - self.step("scaled")

    @cached_property
    def highest(self) -> float:
        """The largest score, the sink's among them: the softmax takes it off first, lest e^x be too large."""
        return float(self._scores.max())

    @property
    def highest_at(self) -> int | None:
        """The key that has it; None: the sink."""
        place = int(self._scores.argmax())
        return place if place < len(self.weights.values) else None

    @property
    def _scores(self) -> Array:
        return self.step("masked") if self.with_sink is None else self.with_sink[0].values

    @cached_property
    def powers(self) -> Array:
        """e^(M - max). [key]"""
        return self._powers[: len(self.weights.values)]

    @cached_property
    def _powers(self) -> Array:
        with np.errstate(invalid="ignore"):  # NaN in the weights is shown, and was warned of
            return np.exp(self._scores - self._scores.dtype.type(self.highest))

    @cached_property
    def total(self) -> float:
        """What the powers add up to, the sink's among them."""
        return float(self._powers.sum(dtype=np.float64))

    @property
    def sink(self) -> Sink | None:
        if self.with_sink is None:
            return None
        scores, weights = (float(line.values[-1]) for line in self.with_sink)
        return Sink(scores, float(self._powers[-1]), weights)

    @cached_property
    def lengths(self) -> Array:
        """‖v‖. [key]"""
        return np.sqrt(np.sum(np.square(self.v.values), axis=-1))

    @cached_property
    def taken(self) -> Array:
        """A ‖v‖: how long a part of the output each key gives. A small value that is looked at much may give less
        than a large one at a glance (Kobayashi et al. 2020, "Attention is Not Only a Weight"). [key]"""
        return self.weights.values * self.lengths

    @property
    def seen(self) -> Index:
        """The keys that the mask leaves."""
        return np.flatnonzero(~np.isneginf(self.step("masked")))


def worked(trace: Trace, at: str, part: Attention, head: int, query: int) -> Worked:
    """The row of a query (its position) and head of the attention `at`, by its stages (`stages_of`) in a trace
    that holds that head and row of them. `part` tells how heads share keys, the scale and the cap."""
    stages = {name.rsplit(".", 1)[-1]: stage for name, stage in trace.items() if name.rpartition(".")[0] == at}
    weights, kv_head = stages["weights"], head // part.group
    said, read = trace.tokens_along(weights, "query"), trace.tokens_along(weights, "key")
    assert said is not None
    assert read is not None

    def row(name: str) -> Line:
        stage = stages[name]
        return _line(stage, stage.values[stage.head_indices.index(head), stage.row_indices.index(query)])

    def rows(name: str) -> Line:
        stage = stages[name]
        return _line(stage, stage.values[stage.head_indices.index(kv_head)])

    return Worked(
        at=at,
        layer=weights.layer or 0,
        head=head,
        kv_head=kv_head,
        heads=part.heads,
        kv_heads=part.kv_heads,
        query=query,
        said=said,
        read=read,
        scale=part.scale,
        cap=part.cap,
        q=row(next(name for name in QUERIES if name in stages)),
        k=rows(next(name for name in KEYS if name in stages)),
        steps=tuple(row(name) for name in STEPS if name in stages),
        with_sink=(row("masked_with_sink"), row("weights_with_sink")) if part.sinks else None,
        weights=row("weights"),
        v=rows("v"),
        mixed=row("mixed"),
    )


def _line(stage: Stage, values: Array) -> Line:
    return Line(stage.name, stage.symbol, stage.formula, stage.meaning, stage.detail, values)


# ------------------------------------------------------------------ what is written out


@dataclass(frozen=True, eq=False)
class Choice:
    """Some keys of a row, in order. `others` are those that are seen as well, to be summed up in one line;
    `hidden` those behind the mask that are not among the keys."""

    keys: Index
    others: Index
    hidden: Index


def choose(row: Worked, top: int | None) -> Choice:
    """The `top` keys of the largest weights; every key, masked ones too, if there are no more or `top` is None."""
    count = len(row.weights.values)
    if top is None or count <= top:
        return Choice(np.arange(count), _NONE, _NONE)
    return only(row, row.seen[np.argsort(-row.weights.values[row.seen], kind="stable")[:top]])


def only(row: Worked, keys: Index) -> Choice:
    """These keys and no other."""
    rest = np.setdiff1d(np.arange(len(row.weights.values)), keys)
    seen = np.isin(rest, row.seen)
    return Choice(np.sort(keys), rest[seen], rest[~seen])


_NONE = np.arange(0)


@dataclass(frozen=True, eq=False)
class Others:
    """Some keys as one: their powers and weights added up, and the mean of their values by weight, so that
    weight × v is what they add to the output, and weight × length what they add to the lengths."""

    count: int
    power: float
    weight: float
    length: float
    taken: float
    v: Array  # [d_value]


def others(row: Worked, keys: Index) -> Others:
    """What some keys come to together."""
    weights = row.weights.values[keys].astype(np.float64)
    weight, taken, added = weights.sum(), row.taken[keys].sum(dtype=np.float64), weights @ row.v.values[keys]
    share = 0.0 if weight == 0 else 1 / weight
    power = float(row.powers[keys].sum(dtype=np.float64))
    return Others(len(keys), power, float(weight), float(taken * share), float(taken), added * share)


def adding_up(row: Worked, choice: Choice) -> Array:
    """The output as it comes about: Σ A v over the keys of a choice up to each, and last with the others, which is
    all of it. float64 [key + 1, d_value]"""
    weights, v = row.weights.values.astype(np.float64), row.v.values
    parts = weights[choice.keys, None] * v[choice.keys]
    rest = weights[choice.others] @ v[choice.others]
    return np.cumsum(np.concatenate([parts, rest[None]]), axis=0)
