"""The matrices of heads, pooled, in sections that share their sides: what maps show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from attncli.formula.pooling import How, Side
from attncli.formula.types import Array
from attncli.insights.focus import Focus
from attncli.insights.head_scores import Scores
from attncli.insights.patterns import PATTERNS

NO_VALUES: Array = np.empty((0, 0))
"""The values of a map that is planned."""


@dataclass(frozen=True, eq=False)
class HeadMatrix:
    """One matrix of a stage, pooled: `values` float64 [cell, cell], -inf where the mask forbids a key. `focus`:
    where the head looks, if it is the only one of its section and the stage is weights."""

    stage: str
    values: Array
    layer: int | None = None
    head: int | None = None
    scores: Scores | None = None
    focus: Focus | None = None

    def __repr__(self) -> str:
        """HeadMatrix(layers.1.attn.weights, head 0, 8 × 8)"""
        head = "" if self.head is None else f", head {self.head}"
        return f"HeadMatrix({self.stage}{head}, {' × '.join(map(str, self.values.shape))})"


@dataclass(frozen=True, eq=False)
class MapSection:
    """Matrices with the same sides: a stage of the heads of some layers. `name` has * for the layer where there
    are several. `rows` and `columns` have the texts of tokens as names, as the tokenizer gives them. `note` says
    which columns there are, where that is not plain."""

    name: str
    rows: Side
    columns: Side
    maps: tuple[HeadMatrix, ...] = ()
    formula: str = ""
    meaning: str = ""
    how: How = "max"
    note: str = ""

    def __repr__(self) -> str:
        """MapSection(layers.*.attn.weights, 16 maps, query 8 × key 8)"""
        sides = " × ".join(f"{side.axis} {len(side.indices)}" for side in (self.rows, self.columns))
        return f"MapSection({self.name}, {len(self.maps)} maps, {sides})"

    @property
    def pooled(self) -> bool:
        return self.rows.step > 1 or self.columns.step > 1

    @property
    def signed(self) -> bool:
        """Whether there are negative numbers: the scale then has zero in its middle."""
        return any(bool((matrix.values[np.isfinite(matrix.values)] < 0).any()) for matrix in self.maps)

    @property
    def limits(self) -> tuple[float, float]:
        """The smallest and the largest number of the scale that all maps share."""
        finite = [matrix.values[np.isfinite(matrix.values)] for matrix in self.maps]
        largest = max((float(np.abs(values).max(initial=0)) for values in finite), default=0) or 1.0
        return (-largest if any(bool((values < 0).any()) for values in finite) else 0.0), largest


def in_order(section: MapSection, sort: str) -> MapSection:
    """The section with its maps in an order of `sorts.SORTS`; heads without such a score come last."""
    if sort == "layer":
        return section

    def key(matrix: HeadMatrix) -> float:
        score = score_of(matrix, sort)
        return np.inf if score is None or np.isnan(score) else score if sort == "entropy" else -score

    return replace(section, maps=tuple(sorted(section.maps, key=key)))


def score_of(matrix: HeadMatrix, sort: str) -> float | None:
    """The number that a head is sorted by; None for the order of layers, or where the head has no scores."""
    if matrix.scores is None or sort == "layer":
        return None
    return matrix.scores.entropy if sort == "entropy" else matrix.scores.kinds[sort]


def marked(maps: Iterable[HeadMatrix]) -> dict[str, list[HeadMatrix]]:
    """The heads that clearly follow each pattern, the clearest first; patterns without any are left out."""
    heads: dict[str, list[HeadMatrix]] = {pattern: [] for pattern in PATTERNS}
    for matrix in maps:
        if matrix.scores is not None and matrix.scores.mark is not None:
            heads[matrix.scores.mark].append(matrix)
    return {
        pattern: sorted(followers, key=lambda matrix: -(score_of(matrix, pattern) or 0))
        for pattern, followers in heads.items()
        if followers
    }
