"""Tensors that are computed from stored ones when they are read: scaled, unpacked, merged or reordered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.checkpoints import Checkpoint, Stored, Take, address, span, whole

RowIndex = slice | NDArray[np.intp]
"""Some rows: indices along the first axis."""


@dataclass(frozen=True)
class ComputedTensor:
    """A tensor that is computed row by row (a row: everything at one index of the first axis).

    `rows` computes some of the rows of an array of shape `computed_shape`; `take` turns that array into the
    tensor, as a view. `check` raises AttnError where the headers tell that what it is computed from cannot be
    read.
    """

    computed_shape: tuple[int, ...]
    rows: Callable[[RowIndex], NDArray[Any]]
    take: Take = whole
    check: Callable[[], None] = lambda: None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.take(np.broadcast_to(np.uint8(0), self.computed_shape)).shape

    def array(self, take: Take = whole) -> NDArray[Any]:
        """The part of the tensor that `take` picks. Only the rows that it touches are computed."""
        return taken(lambda computed: take(self.take(computed)), self.computed_shape, self.rows)

    def some_rows(self, ids: Sequence[int]) -> NDArray[Any]:
        """Some rows of the tensor, in the order of `ids`."""
        index = np.asarray(ids, dtype=np.intp)
        return self.rows(index) if self.take is whole else self.array()[index]


@dataclass(frozen=True)
class OverlaidCheckpoint:
    """A checkpoint in which some tensors are computed. `hidden`: stored tensors that are not offered, because the
    computed ones contain them."""

    base: Checkpoint
    computed: Mapping[str, ComputedTensor]
    hidden: frozenset[str] = frozenset()

    @property
    def source(self) -> str:
        return self.base.source

    def names(self) -> Sequence[str]:
        return list(dict.fromkeys([*(n for n in self.base.names() if n not in self.hidden), *self.computed]))

    def shape(self, name: str) -> tuple[int, ...]:
        return self.computed[name].shape if name in self.computed else self.base.shape(name)

    def where(self, name: str) -> str:
        return self.base.source if name in self.computed else self.base.where(name)

    def check(self, name: str) -> None:
        if name in self.computed:
            self.computed[name].check()
        else:
            self.base.check(name)

    def stored(self) -> Sequence[Stored]:
        return self.base.stored()

    def array(self, name: str, take: Take = whole) -> NDArray[Any]:
        return self.computed[name].array(take) if name in self.computed else self.base.array(name, take)

    def rows(self, name: str, ids: Sequence[int]) -> NDArray[Any]:
        return self.computed[name].some_rows(ids) if name in self.computed else self.base.rows(name, ids)


def taken(take: Take, shape: tuple[int, ...], rows: Callable[[RowIndex], NDArray[Any]]) -> NDArray[Any]:
    """The part that `take` picks from a tensor of shape `shape`, computing only the rows it needs with `rows`. The
    address and strides of a view show which numbers it contains. So `take` first runs on a stand-in with one byte
    a number, whose memory is never touched. Then only the rows from the first to the last number in view are
    computed, and seen through the same strides. A `take` that copies gets the whole tensor.
    """
    stand_in = np.empty(shape, np.uint8)
    view = take(stand_in)
    bounds = span(view, stand_in)
    if bounds is None:
        return take(rows(slice(0, shape[0])))
    width = stand_in.size // shape[0]
    first, last = bounds[0] // width, -(-bounds[1] // width)
    computed = np.ascontiguousarray(rows(slice(first, last)))
    size = computed.itemsize
    offset = (address(view) - address(stand_in) - first * width) * size
    return np.ndarray(view.shape, computed.dtype, computed, offset, [stride * size for stride in view.strides])
