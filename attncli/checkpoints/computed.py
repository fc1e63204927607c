"""Tensors whose numbers have to be made from what is stored: scaled, unpacked, merged, turned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attncli.checkpoints import Checkpoint, Stored, Take, address, span, whole

Index = slice | NDArray[np.intp]


@dataclass(frozen=True)
class Made:
    """A tensor that is made row by row (a row: all that has one index along the first axis).

    `rows` makes some of them; `take` turns what it makes into the tensor that is offered, as a view.
    """

    made_shape: tuple[int, ...]
    rows: Callable[[Index], NDArray[Any]]
    take: Take = whole

    @property
    def shape(self) -> tuple[int, ...]:
        return self.take(np.broadcast_to(np.uint8(0), self.made_shape)).shape

    def array(self, take: Take = whole) -> NDArray[Any]:
        """What `take` leaves of the tensor; only the rows that it touches are made."""
        return taken(lambda made: take(self.take(made)), self.made_shape, self.rows)

    def some_rows(self, ids: Sequence[int]) -> NDArray[Any]:
        """Rows of the tensor as it is offered."""
        index = np.asarray(ids, dtype=np.intp)
        return self.rows(index) if self.take is whole else self.array()[index]


@dataclass(frozen=True)
class Overlaid:
    """A checkpoint some of whose tensors are made; `hidden` ones went into the making."""

    base: Checkpoint
    made: Mapping[str, Made]
    hidden: frozenset[str] = frozenset()

    @property
    def source(self) -> str:
        return self.base.source

    def names(self) -> Sequence[str]:
        return list(dict.fromkeys([*(n for n in self.base.names() if n not in self.hidden), *self.made]))

    def shape(self, name: str) -> tuple[int, ...]:
        return self.made[name].shape if name in self.made else self.base.shape(name)

    def where(self, name: str) -> str:
        return self.base.source if name in self.made else self.base.where(name)

    def stored(self) -> Sequence[Stored]:
        return self.base.stored()

    def array(self, name: str, take: Take = whole) -> NDArray[Any]:
        return self.made[name].array(take) if name in self.made else self.base.array(name, take)

    def rows(self, name: str, ids: Sequence[int]) -> NDArray[Any]:
        return self.made[name].some_rows(ids) if name in self.made else self.base.rows(name, ids)


def taken(take: Take, shape: tuple[int, ...], rows: Callable[[Index], NDArray[Any]]) -> NDArray[Any]:
    """What `take` leaves of a tensor of that shape, of which `rows` makes some rows.

    A view says by its address and strides which numbers it shows. So `take` is first tried on a stand-in of one
    byte a number, whose memory is never touched; then only the rows between the first and the last number that it
    shows are made, and seen through the same strides. A `take` that copies is given the whole tensor.
    """
    stand_in = np.empty(shape, np.uint8)
    part = take(stand_in)
    shown = span(part, stand_in)
    if shown is None:
        return take(rows(slice(0, shape[0])))
    width = stand_in.size // shape[0]
    first, last = shown[0] // width, -(-shown[1] // width)
    made = np.ascontiguousarray(rows(slice(first, last)))
    size = made.itemsize
    offset = (address(part) - address(stand_in) - first * width) * size
    return np.ndarray(part.shape, made.dtype, made, offset, [stride * size for stride in part.strides])
