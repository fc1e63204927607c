"""Stages, traces of them, and the tap through which a forward pass hands them over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from attncli import stages as catalogue
from attncli.architecture.spec import Attention, Spec
from attncli.formula.types import Array, Index
from attncli.tracing.stage import Stage

Tap = Callable[[str, Array, Index | None], Array]
"""Takes a stage's name, its values and its rows' positions; gives the values that the forward goes on with."""


def largest(values: Array, k: int) -> tuple[Array, Index]:
    """The k largest of each row [row, vocab], largest first, and where they are. [row, k] both."""
    k = min(k, values.shape[-1])
    ids = np.empty((len(values), k), dtype=np.intp)
    for row, one in enumerate(-values):
        # all that may be among the first k, in order of place, which decides between equals; NaN comes last
        may = np.flatnonzero(~(one > np.partition(one, k - 1)[k - 1]))
        ids[row] = may[np.argsort(one[may], kind="stable")[:k]]
    return np.take_along_axis(values, ids, axis=-1), ids


@dataclass(frozen=True)
class Selection:
    """What is to be kept of a forward pass: stages by full name, in the order of computation, and of them
    only some heads and some query rows (None: all). `encoder_queries`: the rows of an encoder's stages, where the
    model has one; `queries` are then the decoder's."""

    stages: tuple[str, ...]
    heads: tuple[int, ...] | None = None
    queries: tuple[int, ...] | None = None
    encoder_queries: tuple[int, ...] | None = None

    def rows(self, stage: str) -> tuple[int, ...] | None:
        """The query rows that are kept of a stage, by its name or its beginning."""
        return self.encoder_queries if stage.startswith("encoder.") else self.queries


class Enough(Exception):
    """Every stage that was asked for is there: the rest is not computed."""


OnPart = Callable[[str, Index, Index, Array], None]
"""Takes a part of a stage of an attention: the stage's name, which heads and which rows, and their values [head,
row, key], which are written over afterwards."""

SLAB = 1 << 22
"""How many scores one slab of attention holds at most (unless a single row has more): 16 MB in float32."""


class Recorder:
    """The tap: keeps what the Selection names, hands each stage on as soon as it is whole, and ends the
    forward, by raising Enough, after the last one. With `on_part` the stages [head, query, key] are handed over in
    parts as they are computed, and none of them is kept."""

    def __init__(
        self,
        spec: Spec,
        selection: Selection,
        lengths: Mapping[str, int],
        on_stage: Callable[[Stage], None],
        top: int | None = None,
        word: Callable[[int], str] = str,
        progress: Callable[[float], None] = lambda fraction: None,
        on_part: OnPart | None = None,
    ) -> None:
        self.spec = spec
        self.selection = selection
        self.lengths = lengths  # how many tokens each stack has, by its prefix
        self.on_stage = on_stage
        self.top = top
        self.word = word
        self.progress = progress  # is told which fraction of the layers is done
        self.on_part = on_part
        self.handed: set[str] = set()  # the stages that were handed over in parts
        self.remaining = dict.fromkeys(selection.stages)
        self.slab_values: dict[str, Array] = {}
        self.scratch: Array | None = None
        self.vocabulary: dict[str, list[Any]] = {}  # values, and their ids where only the top is kept
        last = selection.stages[-1]
        self.last_layer = catalogue.last_layer(spec, last)
        blocks = (f"{stack.prefix}layers.{i}." for stack in spec.stacks for i in range(len(stack.layers)))
        self.layers = {at: place for place, at in enumerate(blocks)}
        sinks = ("masked_with_sink", "weights_with_sink")
        core = ("scores", "scaled", "biased", "capped", "masked", *sinks, "weights", "mixed")
        ends_in_core = last.rsplit(".", 1)[-1] in core
        self.last_attention = last.rpartition(".")[0] + "." if ends_in_core else ""

    def wants(self, name: str) -> bool:
        """Whether this stage is still to come."""
        return name in self.remaining

    def length(self, name: str) -> int:
        """How many tokens the stack of a stage has."""
        side = name.split(".", 1)[0] + "."
        return self.lengths[side] if side in self.lengths else list(self.lengths.values())[-1]

    def rows(self, at: str) -> Index:
        """The query positions that a layer must compute: in the last layer that is needed those asked
        for, before it all of them, for the next layer's keys and values come from every position."""
        queries = self.selection.rows(at)
        if at == self.last_layer and queries is not None:
            return np.asarray(queries, dtype=np.intp)
        return np.arange(self.length(at))

    def heads(self, at: str, part: Attention) -> tuple[int, ...]:
        """The heads whose attention must be computed: all, unless nothing after Z = A V is wanted."""
        if at == self.last_attention and self.selection.heads is not None:
            return self.selection.heads
        return tuple(range(part.heads))

    def __call__(self, name: str, values: Array, rows: Index | None = None) -> Array:
        """Keeps what is wanted of a whole stage and returns it unchanged. `rows` are the positions along
        its row axis, where it does not hold them all."""
        if name in self.remaining:
            entry = catalogue.entry_of(name)
            heads = self._kept_heads(name)
            kept = values if heads is None else values[list(heads)]
            queries = self._kept_rows(name)
            axis = 1 if len(entry.axes) == 3 else 0
            if queries is not None:
                held = np.arange(self.length(name)) if rows is None else rows
                kept = kept.take(np.searchsorted(held, queries), axis=axis)
            self._emit(name, kept, heads, queries)
        return values

    def slabs(self, at: str, part: Attention, keys: int) -> Iterator[Slab]:
        """Cuts an attention into slabs of heads and query rows, so that no n x n matrix of all
        heads need exist at once. Raises Enough after the last slab when nothing else is wanted."""
        heads, rows = self.heads(at, part), self.rows(at.rsplit(".", 2)[0] + ".")
        per_head = max(1, len(rows) * keys)
        head_step = max(1, SLAB // per_head)
        row_step = len(rows) if per_head <= SLAB else max(1, SLAB // keys)
        wanted_heads, wanted_rows = self._wanted(at + "scores")
        for h in range(0, len(heads), head_step):
            some_heads = heads[h : h + head_step]
            to_head, from_head = _common(wanted_heads, np.asarray(some_heads))
            for r in range(0, len(rows), row_step):
                some_rows = rows[r : r + row_step]
                self.progress(self._done(at, (h + head_step * r / len(rows)) / len(heads)))
                to_row, from_row = _common(wanted_rows, some_rows)
                yield Slab(self, at, some_heads, some_rows, r, _at(to_head, to_row), _at(from_head, from_row))
        for name in list(self.remaining):
            if name in self.slab_values:
                self._emit(name, self.slab_values.pop(name), self._kept_heads(name), self._kept_rows(name))
            elif name in self.handed:
                self._check_off(name)

    def _done(self, at: str, within: float) -> float:
        """The fraction of the layers that is done where an attention has come so far within its own."""
        # a decoder's embedding needs all of the encoder, and no layer after it
        count = self.layers[self.last_layer] + 1 if self.last_layer else len(self.layers)
        return (self.layers[at.rsplit(".", 2)[0] + "."] + within) / count

    def keep_slab(self, slab: Slab, name: str, values: Array) -> None:
        """Puts the wanted part of a slab's stage into its place, unless it was written there at once; or hands it
        over."""
        if self.on_part is not None:
            heads, rows = (
                np.ravel(i[at]) for i, at in zip((np.asarray(slab.heads), slab.rows), slab.wanted, strict=True)
            )
            self.handed.add(name)
            if len(heads) and len(rows):
                self.on_part(name, heads, rows, values[slab.wanted])
            return
        kept = self._kept_of_slabs(name, values.shape[-1], values.dtype)
        if not np.may_share_memory(kept, values):
            kept[slab.kept] = values[slab.wanted]

    def room_in_slab(self, slab: Slab, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Where a slab's stage is to be written: into its part of what is kept, where that part is all of the slab
        and in one block; else into the one array that all such stages are written into, one over the other."""
        if (
            self.on_part is None
            and self.wants(name)
            and all(isinstance(i, slice) for i in (*slab.kept, *slab.wanted))
        ):
            part = self._kept_of_slabs(name, shape[-1], dtype)[slab.kept]
            if part.shape == shape:
                return part
        if self.scratch is None or self.scratch.shape != shape or self.scratch.dtype != dtype:
            self.scratch = np.empty(shape, dtype)
        return self.scratch

    def _kept_of_slabs(self, name: str, keys: int, dtype: np.dtype[Any]) -> Array:
        """All that will be kept of a stage that comes in slabs. [wanted head, wanted row, key]"""
        if name not in self.slab_values:
            heads, rows = self._wanted(name)
            self.slab_values[name] = np.empty((len(heads), len(rows), keys), dtype)
        return self.slab_values[name]

    def _wanted(self, name: str) -> tuple[Index, Index]:
        """The heads and rows that are wanted of the stages of an attention."""
        heads = self.selection.heads or range(catalogue.attention_of(self.spec, name).heads)
        return np.asarray(heads), np.asarray(self.selection.rows(name) or range(self.length(name)))

    def keep_vocabulary(self, name: str, values: Array, start: int, rows: int) -> None:
        """Keeps some of the `rows` of logits or probs, `values` [row, vocab] from the `start`-th on: only their
        top where that is all that is wanted."""
        if name not in self.remaining:
            return
        parts = (values,) if self.top is None else largest(values, self.top)
        if name not in self.vocabulary:
            self.vocabulary[name] = [np.empty((rows, part.shape[-1]), part.dtype) for part in parts]
        for kept, part in zip(self.vocabulary[name], parts, strict=True):
            if not np.may_share_memory(kept, part):
                kept[start : start + len(part)] = part

    def vocabulary_room(
        self, name: str, start: int, rows: int, shape: tuple[int, int], dtype: np.dtype[Any]
    ) -> Array:
        """Where some of the `rows` of logits or probs are to be written, from the `start`-th on: into what is kept
        of them, where they are kept as they are."""
        if self.top is not None or name not in self.remaining:
            return np.empty(shape, dtype)
        if name not in self.vocabulary:
            self.vocabulary[name] = [np.empty((rows, shape[1]), dtype)]
        kept: Array = self.vocabulary[name][0][start : start + shape[0]]
        return kept

    def finish_vocabulary(self) -> None:
        """Hands on the logits and probs, now that all their rows are there."""
        for name, (values, *ids) in self.vocabulary.items():
            self._emit(name, values, None, self.selection.queries, *ids)

    def _kept_heads(self, name: str) -> tuple[int, ...] | None:
        heads, axis = self.selection.heads, catalogue.entry_of(name).axes[0]
        if heads is None or axis not in ("head", "kv_head"):
            return None
        if axis == "head":
            return heads
        return tuple(dict.fromkeys(h // catalogue.attention_of(self.spec, name).group for h in heads))

    def _kept_rows(self, name: str) -> tuple[int, ...] | None:
        """Keys and values come from every position."""
        return None if catalogue.entry_of(name).of_keys else self.selection.rows(name)

    def _emit(
        self,
        name: str,
        values: Array,
        heads: tuple[int, ...] | None,
        rows: tuple[int, ...] | None,
        ids: Index | None = None,
    ) -> None:
        stage = describe(self.spec, name, values, heads, rows)
        if ids is not None:
            labels = tuple(tuple(self.word(int(i)) for i in row) for row in ids)
            stage = replace(stage, ids=ids, labels=labels)
        self.on_stage(stage)
        self._check_off(name)

    def _check_off(self, name: str) -> None:
        """A stage is done. Raises Enough after the last one."""
        del self.remaining[name]
        if not self.remaining:
            raise Enough


Place = tuple[Any, ...]
"""An index of the first two axes of an array [head, row, ...]."""


@dataclass(frozen=True)
class Slab:
    """Some heads and some query rows of one attention: a tap of its own for their stages.

    As a context it swallows the Enough raised after the last stage that is wanted of it.
    """

    recorder: Recorder
    at: str
    heads: tuple[int, ...]
    rows: Index  # positions
    start: int  # where the rows begin among all that the layer computes
    kept: Place  # where its wanted part lies in what is kept of a stage
    wanted: Place  # and where that is in the slab

    @property
    def place(self) -> tuple[list[int], slice]:
        """Where its heads and rows lie in an array [head, computed row, ...]."""
        return list(self.heads), slice(self.start, self.start + len(self.rows))

    def __call__(self, stage: str, values: Array) -> Array:
        name = self.at + stage
        if self.recorder.wants(name):
            self.recorder.keep_slab(self, name, values)
            if name == self.recorder.selection.stages[-1]:
                raise Enough
        return values

    def room(self, stage: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Where a stage of this slab is to be written."""
        return self.recorder.room_in_slab(self, self.at + stage, shape, dtype)

    def __enter__(self) -> Slab:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is Enough


def _common(wanted: Index, computed: Index) -> tuple[Index, Index]:
    """Where the indices that both have lie in the one and in the other. Both are in order."""
    there = np.searchsorted(wanted[:-1], computed)
    both = wanted[there] == computed
    return there[both], np.flatnonzero(both)


def _at(heads: Index, rows: Index) -> Place:
    """Those heads and rows, by slices, which copy nothing, where these will do."""
    head, row = (
        slice(int(i[0]), int(i[-1]) + 1) if len(i) and i[-1] - i[0] + 1 == len(i) else i for i in (heads, rows)
    )
    return (head, row) if isinstance(head, slice) or isinstance(row, slice) else np.ix_(head, row)


def describe(
    spec: Spec,
    name: str,
    values: Array,
    heads: tuple[int, ...] | None = None,
    rows: tuple[int, ...] | None = None,
) -> Stage:
    """An array with all that the catalogue says of it for this model."""
    entry, place = catalogue.entry_of(name), catalogue.place_of(spec, name)
    return Stage(
        name=name,
        values=values,
        axes=entry.axes,
        symbol=entry.symbol,
        formula=entry.formula(place),
        meaning=entry.says(place),
        detail=entry.detail(place),
        layer=catalogue.layer_of(name),
        heads=heads,
        rows=rows,
    )
