"""A whole model at a glance: one number for each head, by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np

from attncli.errors import UsageError
from attncli.formula.types import Array
from attncli.insights.head_scores import Scores
from attncli.insights.maps import HeadMatrix, MapSection
from attncli.insights.sorts import OVERVIEW_SCORES
from attncli.language import N_


@dataclass(frozen=True, eq=False)
class HeadScore:
    """A head of self-attention, and the number that stands for it: `value`, the score of `pattern`, or its entropy
    where that is None."""

    matrix: HeadMatrix
    value: float
    pattern: str | None

    @property
    def scores(self) -> Scores:
        assert self.matrix.scores is not None
        return self.matrix.scores

    @property
    def place(self) -> tuple[int, int]:
        """The layer and the head."""
        assert self.matrix.layer is not None
        assert self.matrix.head is not None
        return self.matrix.layer, self.matrix.head


@dataclass(frozen=True, eq=False)
class Overview:
    """The heads of a stage, in the order of layers. `score`: which number stands for each of them: `pattern` (that
    of the clearest pattern), a pattern, or `entropy`."""

    name: str
    score: str
    heads: tuple[HeadScore, ...]

    @property
    def layers(self) -> list[int]:
        return sorted({head.place[0] for head in self.heads})

    @property
    def numbers(self) -> list[int]:
        """The heads that some layer has."""
        return sorted({head.place[1] for head in self.heads})

    @property
    def values(self) -> Array:
        """[layer, head], nan where a layer lacks a head."""
        values = np.full((len(self.layers), len(self.numbers)), nan)
        for head, cell in self.cells():
            values[cell] = head.value
        return values

    def cells(self) -> Iterator[tuple[HeadScore, tuple[int, int]]]:
        """Each head with its row and column in `values`."""
        rows, columns = (
            {number: at for at, number in enumerate(numbers)} for numbers in (self.layers, self.numbers)
        )
        for head in self.heads:
            layer, number = head.place
            yield head, (rows[layer], columns[number])


def overviews(sections: Sequence[MapSection], score: str = "pattern") -> tuple[Overview, ...]:
    """One number for every head of maps of self-attention, by `score`, one of OVERVIEW_SCORES. Sections without
    scores are left out, as those of cross-attention. Raises UsageError for an unknown score, and for one that no
    head has."""
    if score not in OVERVIEW_SCORES:
        known = ", ".join(OVERVIEW_SCORES)
        raise UsageError(N_("score {score!r}: give one of {scores}.", score=score, scores=known))
    scored = [section for section in sections if all(matrix.scores is not None for matrix in section.maps)]
    return tuple(_overview(section, score) for section in scored)


def _overview(section: MapSection, score: str) -> Overview:
    heads = tuple(_head_score(matrix, score) for matrix in section.maps)
    if all(isnan(head.value) for head in heads):
        raise UsageError(
            N_("No head has the score {score} in this text: no token has such a key.", score=score),
            N_("Give a text in which words come twice, or leave out --score."),
        )
    return Overview(section.name, score, heads)


def _head_score(matrix: HeadMatrix, score: str) -> HeadScore:
    scores = matrix.scores
    assert scores is not None
    if score == "entropy":
        return HeadScore(matrix, scores.entropy, None)
    pattern = clearest(scores) if score == "pattern" else score
    return HeadScore(matrix, scores.kinds[pattern], pattern)


def clearest(scores: Scores) -> str:
    """The pattern that the head clearly follows, else the one with the largest score."""
    known = {pattern: value for pattern, value in scores.kinds.items() if not isnan(value)}
    return scores.mark or max(known or scores.kinds, key=lambda pattern: scores.kinds[pattern])
