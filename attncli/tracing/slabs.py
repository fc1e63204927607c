"""Stages that come in slabs: some heads and some query rows of an attention at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from attncli.formula.types import Array, Index
from attncli.tracing.interventions import Interventions
from attncli.tracing.selection import Selection

SLAB = 1 << 22
"""How many scores one slab of attention holds at most (unless a single row has more): 16 MB in float32."""

OnPart = Callable[[str, Index, Index, Array], None]
"""(stage, heads, rows, values [head, row, key]): takes some heads and rows of a stage. The values are written over
afterwards."""

Block = tuple[Any, ...]
"""An index of the first two axes of an array [head, row, ...]."""


class Enough(Exception):
    """All requested stages are complete: the rest is not computed."""


class SlabRecorder(Protocol):
    """What a slab needs of the recorder that made it."""

    selection: Selection
    interventions: Interventions
    remaining: dict[str, None]
    slab_stages: SlabStages

    def wants(self, name: str) -> bool: ...


@dataclass(frozen=True)
class Slab:
    """Some heads and some query rows of one attention, and the tap of their stages.

    As a context it ends early, by Enough, after the last stage that is wanted.
    """

    recorder: SlabRecorder
    prefix: str
    heads: tuple[int, ...]
    rows: Index  # positions
    start: int  # where the rows begin among all that the layer computes
    kept: Block  # where the wanted part of the slab lies in what is kept of a stage
    wanted: Block  # where that part lies in the slab

    @property
    def block(self) -> slice:
        """Where its rows lie among all that the layer computes."""
        return slice(self.start, self.start + len(self.rows))

    def stage(self, name: str, values: Array) -> Array:
        """Records a stage of the slab, and returns the values that the forward goes on with."""
        return self(self.prefix + name, values)

    def __call__(self, name: str, values: Array, rows: Index | None = None) -> Array:
        """The same, by the full name. `rows` are always those of the slab."""
        recorder = self.recorder
        if name in recorder.interventions:
            values = recorder.interventions(name, values, np.asarray(self.heads), self.rows)
        if name in recorder.remaining:
            recorder.slab_stages.keep(self, name, values)
            if name == recorder.selection.stages[-1]:
                raise Enough
        return values

    def wants(self, name: str) -> bool:
        """Whether this stage is still to come, or to be changed."""
        return self.recorder.wants(name)

    def room(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """The array that a stage is written into."""
        wanted = self.prefix + name in self.recorder.remaining
        return self.recorder.slab_stages.room(self, self.prefix + name, shape, dtype, wanted)

    def __enter__(self) -> Slab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return kind is not None and issubclass(kind, Enough)


class SlabStages:
    """The stages that come in slabs, put together; or handed over part by part, with `on_part`.

    `shape(name)` gives the heads and rows that are wanted of a stage.
    """

    def __init__(self, wanted: Callable[[str], tuple[Index, Index]], on_part: OnPart | None) -> None:
        self.wanted = wanted
        self.on_part = on_part
        self.handed_over: set[str] = set()
        self._values: dict[str, Array] = {}
        self._scratch: Array | None = None

    def keep(self, slab: Slab, name: str, values: Array) -> None:
        """Copies the wanted part of a slab's stage to where it is kept, unless it was written there; or hands it
        over."""
        if self.on_part is not None:
            heads, rows = (
                np.ravel(i[block])
                for i, block in zip((np.asarray(slab.heads), slab.rows), slab.wanted, strict=True)
            )
            self.handed_over.add(name)
            if len(heads) and len(rows):
                self.on_part(name, heads, rows, values[slab.wanted])
            return
        kept = self._kept(name, values.shape[-1], values.dtype)
        if not np.may_share_memory(kept, values):
            kept[slab.kept] = values[slab.wanted]

    def room(self, slab: Slab, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], wanted: bool) -> Array:
        """Where to write a stage: into its part of what is kept, if that part is all of the slab and one block of
        it; else into one scratch array, which overwrites the stage before."""
        if self.on_part is None and wanted and all(isinstance(i, slice) for i in (*slab.kept, *slab.wanted)):
            block = self._kept(name, shape[-1], dtype)[slab.kept]
            if block.shape == shape:
                return block
        if self._scratch is None or self._scratch.shape != shape or self._scratch.dtype != dtype:
            self._scratch = np.empty(shape, dtype)
        return self._scratch

    def pop(self, name: str) -> Array | None:
        """What is kept of a stage, after its last slab; None if nothing is."""
        return self._values.pop(name, None)

    def _kept(self, name: str, columns: int, dtype: np.dtype[Any]) -> Array:
        """[wanted head, wanted row, key or d_value]"""
        if name not in self._values:
            heads, rows = self.wanted(name)
            self._values[name] = np.empty((len(heads), len(rows), columns), dtype)
        return self._values[name]


def in_both(wanted: Index, computed: Index) -> tuple[Index, Index]:
    """Where the indices that two lists share are in each of them. Both are in ascending order."""
    places = np.searchsorted(wanted[:-1], computed)
    both = wanted[places] == computed
    return places[both], np.flatnonzero(both)


def block_of(heads: Index, rows: Index) -> Block:
    """The index of some heads and rows; slices, which copy nothing, where possible."""
    head, row = (
        slice(int(i[0]), int(i[-1]) + 1) if len(i) and i[-1] - i[0] + 1 == len(i) else i for i in (heads, rows)
    )
    return (head, row) if isinstance(head, slice) or isinstance(row, slice) else np.ix_(head, row)
