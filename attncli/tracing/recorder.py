"""The tap: the forward pass hands every stage to it, and goes on with what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from attncli import stages as catalogue
from attncli.architecture.spec import Attention, Spec
from attncli.formula.types import Array, Index
from attncli.stages.chain import given_texts
from attncli.tracing import slabs as slab_sizes
from attncli.tracing.interventions import NONE, Interventions
from attncli.tracing.selection import Selection
from attncli.tracing.slabs import Enough, OnPart, Slab, SlabStages, block_of, in_both
from attncli.tracing.stage import Stage
from attncli.tracing.vocabulary import VocabularyRows


class Tap(Protocol):
    """Takes every stage of a forward pass as it appears."""

    def __call__(self, name: str, values: Array, rows: Index | None = None) -> Array:
        """Takes a stage, and returns the values that the forward goes on with. `rows` are the positions along its
        row axis, where it does not hold them all."""

    def wants(self, name: str) -> bool:
        """Whether a stage that the forward itself does not need must be computed."""


class ForwardTap(Tap, Protocol):
    """What the forward asks of its tap: which rows and slabs to compute, and where to write logits and probs. See
    `Recorder`."""

    @property
    def interventions(self) -> Interventions: ...

    def rows(self, layer: str) -> Index: ...

    def slabs(self, prefix: str, attention: Attention, keys: int) -> Iterator[Slab]: ...

    def vocabulary_room(
        self, name: str, start: int, rows: int, shape: tuple[int, int], dtype: np.dtype[Any]
    ) -> Array: ...

    def vocabulary_rows(self, name: str, values: Array, start: int, rows: Index) -> Array: ...

    def finish_vocabulary(self) -> None: ...


class Recorder:
    """The tap that keeps what a Selection names and applies interventions.

    It hands each stage on as soon as it is whole, and ends the forward, by raising Enough, after the last one.
    With `on_part` the stages [head, query, key] are handed over in parts as they are computed, and none of them is
    kept.
    """

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
        interventions: Interventions = NONE,
    ) -> None:
        self.spec = spec
        self.selection = selection
        self.lengths = lengths  # how many tokens each stack has, by its prefix
        self.on_stage = on_stage
        self.word = word
        self.progress = progress
        self.interventions = interventions
        self.remaining = dict.fromkeys(selection.stages)
        self.slab_stages = SlabStages(self._wanted, on_part)
        self.vocabulary = VocabularyRows(top)
        last = selection.stages[-1]
        self.last_layer = catalogue.last_layer(spec, last)
        blocks = (f"{stack.prefix}layers.{i}." for stack in spec.stacks for i in range(len(stack.layers)))
        self.layers = {prefix: number for number, prefix in enumerate(blocks)}
        self.last_attention = last.rpartition(".")[0] + "." if catalogue.entry_of(last).in_slabs else ""

    # ------------------------------------------------------------------ what must be computed

    def wants(self, name: str) -> bool:
        """Whether this stage is still to be recorded, or to be changed."""
        return name in self.remaining or name in self.interventions

    def length(self, name: str) -> int:
        """How many tokens the stack of a stage has."""
        side = name.split(".", 1)[0] + "."
        return self.lengths[side] if side in self.lengths else list(self.lengths.values())[-1]

    def rows(self, layer: str) -> Index:
        """The query positions that a layer, by the prefix of its stages, must compute: in the last layer that is
        needed, the requested ones; in earlier layers all, since the next layer's keys and values come from every
        position."""
        queries = self.selection.rows(layer)
        if layer == self.last_layer and queries is not None:
            return np.asarray(queries, dtype=np.intp)
        return np.arange(self.length(layer))

    def heads(self, prefix: str, attention: Attention) -> tuple[int, ...]:
        """The heads of an attention that must be computed: all, unless nothing after Z = A V is wanted."""
        wanted = self.selection.heads_in(prefix) if prefix == self.last_attention else None
        return tuple(range(attention.heads)) if wanted is None else wanted

    # ------------------------------------------------------------------ stages that come whole

    def __call__(self, name: str, values: Array, rows: Index | None = None) -> Array:
        """Changes a stage where an intervention says so, records what is wanted of it, and returns it."""
        if name in self.interventions:
            heads = self._heads_in(name, values)
            values = self.interventions(name, values, heads, self._rows_in(name, values, rows))
        if name in self.remaining:
            kept_heads, queries = self._kept_heads(name), self._kept_rows(name)
            kept = values if kept_heads is None else values[list(kept_heads)]
            if queries is not None:
                kept = kept.take(np.searchsorted(self._rows_in(name, values, rows), queries), axis=-2)
            self._emit(name, kept, kept_heads, queries)
        return values

    def _heads_in(self, name: str, values: Array) -> Index | None:
        """The heads along the first axis of a whole stage."""
        return np.arange(len(values)) if catalogue.entry_of(name).axes[0] in catalogue.HEAD_AXES else None

    def _rows_in(self, name: str, values: Array, rows: Index | None) -> Index:
        """The positions along the row axis of a whole stage: `rows`, unless it holds every position, as keys
        do."""
        count = values.shape[-2]
        if rows is None or len(rows) != count or catalogue.entry_of(name).of_keys:
            return np.arange(count)
        return rows

    # ------------------------------------------------------------------ stages that come in slabs

    def slabs(self, prefix: str, attention: Attention, keys: int) -> Iterator[Slab]:
        """Cuts an attention into slabs of heads and query rows, so that no matrix [head, query, key] of all heads
        need exist at once. Raises Enough after the last slab if nothing else is wanted."""
        heads, rows = self.heads(prefix, attention), self.rows(_layer_of(prefix))
        per_head = max(1, len(rows) * keys)
        head_step = max(1, slab_sizes.SLAB // per_head)
        row_step = len(rows) if per_head <= slab_sizes.SLAB else max(1, slab_sizes.SLAB // keys)
        wanted_heads, wanted_rows = self._wanted(prefix)
        for h in range(0, len(heads), head_step):
            some_heads = heads[h : h + head_step]
            kept_heads, heads_of_slab = in_both(wanted_heads, np.asarray(some_heads))
            for r in range(0, len(rows), row_step):
                some_rows = rows[r : r + row_step]
                kept_rows, rows_of_slab = in_both(wanted_rows, some_rows)
                self.progress(self._progress(prefix, (h + head_step * r / len(rows)) / len(heads)))
                yield Slab(self, prefix, some_heads, some_rows, r, block_of(kept_heads, kept_rows),
                           block_of(heads_of_slab, rows_of_slab))  # fmt: skip
        self._finish_slabs()

    def _finish_slabs(self) -> None:
        for name in list(self.remaining):
            values = self.slab_stages.pop(name)
            if values is not None:
                self._emit(name, values, self._kept_heads(name), self._kept_rows(name))
            elif name in self.slab_stages.handed_over:
                self._check_off(name)

    def _progress(self, prefix: str, within: float) -> float:
        """Progress from 0 to 1: finished layers plus part of this one."""
        # a decoder's embedding needs all of the encoder, and no layer after it
        count = self.layers[self.last_layer] + 1 if self.last_layer else len(self.layers)
        return (self.layers[_layer_of(prefix)] + within) / count

    def _wanted(self, name: str) -> tuple[Index, Index]:
        """The heads and rows that are wanted of an attention, by the beginning of its stages' names."""
        heads, rows = self.selection.heads_in(name), self.selection.rows(name)
        count = catalogue.attention_of(self.spec, name).heads
        return (
            np.arange(count) if heads is None else np.asarray(heads),
            np.arange(self.length(name)) if rows is None else np.asarray(rows),
        )

    # ------------------------------------------------------------------ stages over the vocabulary

    def vocabulary_room(
        self, name: str, start: int, rows: int, shape: tuple[int, int], dtype: np.dtype[Any]
    ) -> Array:
        """Where to write some of the `rows` of logits or probs, from the row `start` on."""
        if name not in self.remaining:
            return np.empty(shape, dtype)
        return self.vocabulary.room(name, start, rows, shape, dtype)

    def vocabulary_rows(self, name: str, values: Array, start: int, rows: Index) -> Array:
        """Changes and records some of the rows of logits or probs, and returns them. `values` [row, vocab] from
        the row `start` on, of `rows`, the positions of all of them."""
        if name in self.interventions:
            values = self.interventions(name, values, None, rows[start : start + len(values)])
        if name in self.remaining:
            self.vocabulary.keep(name, values, start, len(rows))
        return values

    def finish_vocabulary(self) -> None:
        """Hands on the logits and probs, now that all their rows are there."""
        for name, values, ids in self.vocabulary.finished():
            self._emit(name, values, None, self.selection.queries, ids)

    # ------------------------------------------------------------------ handing on

    def _kept_heads(self, name: str) -> tuple[int, ...] | None:
        axis = catalogue.entry_of(name).axes[0]
        heads = self.selection.heads_in(name) if axis in catalogue.HEAD_AXES else None
        if heads is None:
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
        labels = None if ids is None else tuple(tuple(self.word(int(i)) for i in row) for row in ids)
        stage = stage_of(self.spec, name, values, heads, rows, ids, labels)
        if name in self.selection.given:
            symbol, meaning = given_texts(name)
            stage = replace(stage, symbol=symbol, formula=symbol, meaning=meaning, detail="")
        self.on_stage(stage)
        self._check_off(name)

    def _check_off(self, name: str) -> None:
        """A stage is done. Raises Enough after the last one."""
        del self.remaining[name]
        if not self.remaining:
            raise Enough


class Untapped:
    """The tap for steps that are not stages: it changes nothing."""

    def __call__(self, name: str, values: Array, rows: Index | None = None) -> Array:
        return values

    def wants(self, name: str) -> bool:
        return False


def stage_of(
    spec: Spec,
    name: str,
    values: Array,
    heads: tuple[int, ...] | None = None,
    rows: tuple[int, ...] | None = None,
    ids: Index | None = None,
    labels: tuple[tuple[str, ...], ...] | None = None,
) -> Stage:
    """An array as a Stage, with all that the catalogue says of it for this model."""
    return replace(_without_values(spec, name), values=values, heads=heads, rows=rows, ids=ids, labels=labels)


@lru_cache(maxsize=1 << 12)
def _without_values(spec: Spec, name: str) -> Stage:
    entry, context = catalogue.entry_of(name), catalogue.context_of(spec, name)
    return Stage(
        name=name,
        values=np.empty((0,) * len(entry.axes)),
        axes=entry.axes,
        symbol=entry.symbol,
        formula=entry.formula(context),
        meaning=entry.meaning_in(context),
        detail=entry.detail(context),
        layer=catalogue.layer_of(name),
    )


def _layer_of(prefix: str) -> str:
    """layers.3. for layers.3.attn."""
    return prefix.rsplit(".", 2)[0] + "."
