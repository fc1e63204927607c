"""Large matrices made small: each cell stands for a block of numbers, by their largest or their mean."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from attncli.formula.types import Array

How: TypeAlias = Literal["max", "mean"]
"""`max`: of each block the number that is farthest from zero, so that a thin line of large numbers stays in sight,
and of scores the sign is kept; of weights, which are not negative, it is the largest. `mean`: their mean."""

NOT_ALLOWED = -np.inf
"""What stands where a query may not look, and in a block where none of its queries may."""


def step(count: int, room: int) -> int:
    """How many lines each pooled line stands for, so that `count` of them fit the room."""
    return -(-count // max(room, 1))


def groups(count: int, size: int) -> list[range]:
    """The lines that each pooled line stands for: `size` of them, the last perhaps fewer."""
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


class Pool:
    """Pools matrices [head, row, column] that come in parts of some heads and rows, in any order; only the pooled
    numbers are kept."""

    def __init__(self, heads: int, rows: int, columns: int, steps: tuple[int, int], how: How = "max") -> None:
        self.steps, self.how = steps, how
        self.columns = np.arange(0, columns, steps[1])
        shape = (heads, -(-rows // steps[0]), len(self.columns))
        self.kept: list[tuple[Array, np.ufunc]] = (
            [(np.full(shape, -np.inf), np.maximum), (np.full(shape, np.inf), np.minimum)]
            if how == "max"
            else [(np.zeros(shape), np.add), (np.zeros(shape), np.add)]
        )

    def add(
        self, heads: NDArray[np.intp], rows: NDArray[np.intp], values: Array, allowed: NDArray[np.bool_]
    ) -> None:
        """Some heads (by their place) and some rows (by theirs, in order), `values` [head, row, column], and which
        of them count, `allowed` [row, column]."""
        blocks, starts = np.unique(rows // self.steps[0], return_index=True)
        place = np.ix_(heads, blocks)
        for (kept, join), part in zip(self.kept, self._parts(values, allowed), strict=True):
            if self.steps[0] > 1:
                part = join.reduceat(part, starts, axis=-2)
            if self.steps[1] > 1:
                part = join.reduceat(part, self.columns, axis=-1)
            kept[place] = join(kept[place], part)

    def result(self) -> Array:
        """The pooled matrices, float64 [head, block of rows, block of columns]."""
        (one, _), (other, _) = self.kept
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.how == "mean":
                return np.where(other > 0, one / other, NOT_ALLOWED)  # the sum over the count
            return np.where(np.isinf(other) & (one == -np.inf), NOT_ALLOWED, np.where(one >= -other, one, other))

    def _parts(self, values: Array, allowed: NDArray[np.bool_]) -> tuple[Array, Array]:
        if self.how == "max":
            return np.where(allowed, values, -np.inf), np.where(allowed, values, np.inf)
        return np.where(allowed, values, 0), np.broadcast_to(allowed, values.shape).astype(np.float64)


def pooled(values: Array, steps: tuple[int, int], how: How = "max") -> Array:
    """A matrix [row, column] in blocks; those of its numbers that are -inf are not allowed. float64."""
    rows, columns = values.shape
    pool = Pool(1, rows, columns, steps, how)
    pool.add(np.arange(1), np.arange(rows), values[None], values != NOT_ALLOWED)
    return pool.result()[0]
