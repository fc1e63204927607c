"""The block of maps: matrices of heads as pictures, one large or many as a grid of small ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from attncli.formula.pooling import MASKED, Side
from attncli.formula.types import Array

__all__ = ["HeadMap", "HeadMaps", "Side"]

LARGE, SMALL, CELLS = 400, 64, 600_000
"""On paper: the cells that a side of a single map, and of one of many, has at most; and those of all maps
together."""


@dataclass(frozen=True, eq=False)
class HeadMap:
    """One matrix, pooled: `values` float64 [cell, cell], -inf where the mask forbids a key. `name` is short
    (3.1 for head 1 of layer 3), `title` long; `mark` says in a word what the head does, empty where that is not
    clear, `scores` are numbers about the head by their names. `row`: which row of a grid it belongs to, None where
    that does not matter. `words` [row][column], if any, stand before the numbers."""

    name: str
    title: str
    values: Array
    mark: str = ""
    row: int | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    words: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, eq=False)
class HeadMaps:
    """Maps that share their sides and their scale: one alone, or a grid. `limits` are the smallest and the largest
    number of the scale, `signed` whether its zero is in the middle. `pooling` says how numbers were pooled, empty
    where each cell is one number. `legend`: of each kind of head, its mark, the heads that have it with their
    scores, and what they do; `marking` says when a head is marked. `larger` says what else there is where the maps
    are larger than a window."""

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
    larger: str = ""

    @property
    def has_masked(self) -> bool:
        """Whether a number is -inf, which stands for a masked key."""
        return any(bool((head.values == MASKED).any()) for head in self.maps)

    @property
    def has_nan(self) -> bool:
        return any(bool(np.isnan(head.values).any()) for head in self.maps)

    @property
    def in_layers(self) -> bool:
        """Whether the maps have rows of a grid to stay in."""
        return self.maps[0].row is not None

    @property
    def abreast(self) -> int:
        """How many maps one row of a grid has: those of a layer, or all."""
        return max(Counter(head.row for head in self.maps).values())

    def on_paper(self) -> HeadMaps:
        """The maps with their sides pooled to what a sheet of paper has room for."""
        count = len(self.maps)
        most = LARGE if count == 1 else int(min(max((CELLS / count) ** 0.5, SMALL / 4), SMALL))
        return replace(self, rows=self.rows.pooled(most), columns=self.columns.pooled(most))
