"""The block of maps: matrices of heads as pictures, one large or many as a grid of small ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from attncli.formula.types import Array

LARGE, SMALL, CELLS = 400, 64, 600_000
"""On paper: how many cells a side has at most, of a map alone and of one of many; and all maps together."""


@dataclass(frozen=True)
class Side:
    """One side of a map: its lines by their index, the name of each (a token's text, or none), and how many lines
    each cell stands for."""

    axis: str
    indices: Sequence[int]
    names: Sequence[str] | None = None
    step: int = 1

    @property
    def blocks(self) -> list[range]:
        """For each cell the places of its lines."""
        count = len(self.indices)
        return [range(start, min(start + self.step, count)) for start in range(0, count, self.step)]

    @property
    def size(self) -> int:
        """How many cells there are."""
        return -(-len(self.indices) // self.step)

    def pooled(self, most: int) -> Side:
        """The side with no more than `most` cells."""
        return replace(self, step=-(-len(self.indices) // max(most, 1)))


@dataclass(frozen=True, eq=False)
class HeadMap:
    """One matrix, pooled: `values` float64 [cell, cell], -inf where the mask forbids a key. `name` is short
    (3.1 for head 1 of layer 3), `title` long; `mark` says in a word what the head does, empty where that is not
    clear. `row`: which row of a grid it belongs to, None where that does not matter."""

    name: str
    title: str
    values: Array
    mark: str = ""
    row: int | None = None


@dataclass(frozen=True, eq=False)
class HeadMaps:
    """Maps that share their sides and their scale: one alone, or a grid. `limits` are the smallest and the largest
    number of the scale, `signed` whether its zero is in the middle. `pooling` says how numbers were pooled, empty
    where each cell is one number. `legend`: of each kind of head, its mark, the heads that have it with their
    scores, and what they do; `marking` says when a head is marked."""

    name: str
    shape: str
    rows: Side
    columns: Side
    maps: tuple[HeadMap, ...]
    limits: tuple[float, float]
    signed: bool
    formula: str = ""
    meaning: str = ""
    pooling: str = ""
    legend: Sequence[tuple[str, Sequence[str], str]] = ()
    marking: str = ""

    def on_paper(self) -> HeadMaps:
        """The maps with their sides pooled to what a sheet of paper has room for."""
        count = len(self.maps)
        most = LARGE if count == 1 else int(min(max((CELLS / count) ** 0.5, SMALL / 4), SMALL))
        return replace(self, rows=self.rows.pooled(most), columns=self.columns.pooled(most))
