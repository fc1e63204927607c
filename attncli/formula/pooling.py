"""Pooling large matrices: each cell shows the largest number of a block, or the mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from attncli.formula.types import Array, Index

How: TypeAlias = Literal["max", "mean"]
"""`max`: the number of each block that is farthest from zero. It keeps thin lines of large numbers visible, and
the sign of scores; for attention weights, which are never negative, it is the largest. `mean`: the mean of the
block."""

MASKED = -np.inf
"""The value of a masked key, and of a block whose keys are all masked."""


@dataclass(frozen=True)
class Side:
    """One side of a matrix: the index of each of its lines, their names (the texts of tokens, or none), and how
    many lines are pooled into each cell."""

    axis: str
    indices: Sequence[int]
    names: Sequence[str] | None = None
    step: int = 1

    @property
    def blocks(self) -> list[range]:
        """For each cell the positions of its lines."""
        return blocks(len(self.indices), self.step)

    @property
    def size(self) -> int:
        """How many cells there are."""
        return -(-len(self.indices) // self.step)

    def pooled(self, most: int) -> Side:
        """The side with at most `most` cells."""
        return replace(self, step=step(len(self.indices), most))


def step(count: int, room: int) -> int:
    """The fewest lines for each cell, so that `count` lines fit into `room` cells."""
    return -(-count // max(room, 1))


def blocks(count: int, size: int) -> list[range]:
    """`count` lines in blocks of `size`; the last block may be smaller."""
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


class Pool:
    """Pools matrices [head, row, column] that come in slabs of some heads and rows, in any order. Only the pooled
    numbers are kept."""

    def __init__(self, heads: int, rows: int, columns: int, steps: tuple[int, int], how: How = "max") -> None:
        self.steps, self.how = steps, how
        self.columns = np.arange(0, columns, steps[1])
        shape = (heads, -(-rows // steps[0]), len(self.columns))
        self.whole = steps == (1, 1)
        if self.whole:
            self.values = np.full(shape, MASKED)
        elif how == "max":
            self.values, self.second = np.full(shape, -np.inf), np.full(shape, np.inf)  # largest, smallest
        else:
            self.values, self.second = np.zeros(shape), np.zeros(shape)  # sum, count

    def add(self, heads: Index, rows: Index, values: Array, allowed: NDArray[np.bool_]) -> None:
        """Adds `values` [head, row, column] of some heads and rows, each by its position, the rows in order.
        `allowed` [row, column] is False for masked keys."""
        if self.whole:  # nothing to pool: as below with blocks of one number
            self.values[heads[:, None], rows] = np.where(allowed, values, MASKED)
            return
        row_blocks, starts = np.unique(rows // self.steps[0], return_index=True)
        position = np.ix_(heads, row_blocks)

        def join(kept: Array, function: np.ufunc, slab: Array) -> None:
            if self.steps[0] > 1:
                slab = function.reduceat(slab, starts, axis=-2)
            if self.steps[1] > 1:
                slab = function.reduceat(slab, self.columns, axis=-1)
            kept[position] = function(kept[position], slab)

        if self.how == "max":
            join(self.values, np.maximum, np.where(allowed, values, -np.inf))
            join(self.second, np.minimum, np.where(allowed, values, np.inf))
        else:
            join(self.values, np.add, np.where(allowed, values, 0))
            join(self.second, np.add, np.broadcast_to(allowed, values.shape).astype(np.float64))

    def result(self) -> Array:
        """The pooled matrices, float64 [head, block of rows, block of columns]."""
        if self.whole:
            return self.values
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.how == "mean":
                return np.where(self.second > 0, self.values / self.second, MASKED)
            largest, smallest = self.values, self.second
            masked = np.isinf(smallest) & (largest == -np.inf)
            return np.where(masked, MASKED, np.where(largest >= -smallest, largest, smallest))


def pooled(values: Array, steps: tuple[int, int], how: How = "max") -> Array:
    """A matrix [row, column] in blocks, float64; its numbers that are -inf are masked keys."""
    rows, columns = values.shape
    pool = Pool(1, rows, columns, steps, how)
    pool.add(np.arange(1), np.arange(rows), values[None], values != MASKED)
    return pool.result()[0]
