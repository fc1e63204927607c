"""Matrices of heads as pictures show them: pooled, with what lies along their sides and what their heads do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from attncli.formula.types import Array
from attncli.insights.heads import KINDS
from attncli.insights.marks import Scores
from attncli.insights.pooling import How, groups


@dataclass(frozen=True)
class Side:
    """What lies along a side of a map: lines by their index, each with a name (a token's text, or none), and how
    many of them each cell stands for."""

    axis: str
    indices: Sequence[int]
    names: Sequence[str] | None = None
    step: int = 1

    @property
    def blocks(self) -> list[range]:
        """For each cell the places of its lines."""
        return groups(len(self.indices), self.step)

    @property
    def size(self) -> int:
        """How many cells there are."""
        return -(-len(self.indices) // self.step)


@dataclass(frozen=True, eq=False)
class HeadMap:
    """One matrix, pooled: float64 [cell, cell], -inf where a query may not look."""

    stage: str
    values: Array
    layer: int | None = None
    head: int | None = None
    scores: Scores | None = None


@dataclass(frozen=True, eq=False)
class Section:
    """Maps with the same sides: a stage of the heads of some layers. `name` has * for the layer where there are
    several."""

    name: str
    rows: Side
    columns: Side
    maps: tuple[HeadMap, ...] = ()
    formula: str = ""
    meaning: str = ""
    how: How = "max"

    @property
    def pooled(self) -> bool:
        return self.rows.step > 1 or self.columns.step > 1

    @property
    def signed(self) -> bool:
        """Whether there are numbers below zero, whose scale then has zero in the middle."""
        return any(bool((one.values[np.isfinite(one.values)] < 0).any()) for one in self.maps)

    @property
    def limits(self) -> tuple[float, float]:
        """The smallest and the largest number of the scale that all its maps share."""
        largest = max((float(np.abs(_finite(one.values)).max(initial=0)) for one in self.maps), default=0) or 1.0
        return (-largest if self.signed else 0.0), largest


def _finite(values: Array) -> Array:
    return values[np.isfinite(values)]


def ordered(section: Section, sort: str) -> Section:
    """The section with its maps in the order of SORTS; heads without such a score come last."""
    if sort == "layer":
        return section

    def key(one: HeadMap) -> float:
        score = score_of(one, sort)
        return np.inf if score is None or np.isnan(score) else score if sort == "entropy" else -score

    return replace(section, maps=tuple(sorted(section.maps, key=key)))


def score_of(one: HeadMap, sort: str) -> float | None:
    """What a head is sorted by; None by its place, or where it has no scores."""
    if one.scores is None or sort == "layer":
        return None
    return one.scores.entropy if sort == "entropy" else one.scores.kinds[sort]


def marked(maps: Iterable[HeadMap]) -> dict[str, list[HeadMap]]:
    """The heads of each kind that is clear in any, the clearest first."""
    found: dict[str, list[HeadMap]] = {kind: [] for kind in KINDS}
    for one in maps:
        if one.scores is not None and one.scores.mark is not None:
            found[one.scores.mark].append(one)
    return {
        kind: sorted(heads, key=lambda one: -(score_of(one, kind) or 0)) for kind, heads in found.items() if heads
    }


Levels: TypeAlias = NDArray[np.int16]
NOT_ALLOWED, NOT_A_NUMBER = -1, -2
"""What `levels` gives for them."""


def levels(values: Array, limits: tuple[float, float], count: int) -> Levels:
    """Which of `count` equal steps between the limits each number lies in. Of the same shape."""
    low, high = limits
    with np.errstate(invalid="ignore"):
        steps = np.clip((values - low) / (high - low) * count, 0, count - 1)
    made = np.where(np.isnan(steps), NOT_A_NUMBER, steps).astype(np.int16)
    return np.where(values == -np.inf, np.int16(NOT_ALLOWED), made)
