"""The patterns that attention heads are known to follow: which key each query attends to.

From Elhage et al. 2021 ("A Mathematical Framework for Transformer Circuits") and Olsson et al. 2022 ("In-context
Learning and Induction Heads"). The score of a head is its mean attention weight over the pairs of query and key of
a pattern, so that a head that does nothing else scores 1.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.floating]
Pairs = NDArray[np.intp]


def previous_token(ids: Sequence[int]) -> Pairs:
    """Each token and the previous one. Not the second token: its previous token is also the first. [pair, 2]"""
    return _pairs([(query, query - 1) for query in range(2, len(ids))])


def first_token(ids: Sequence[int]) -> Pairs:
    """Each token and the first one, which heads attend to when they have nothing to do (Xiao et al. 2023). [pair,
    2]"""
    return _pairs([(query, 0) for query in range(1, len(ids))])


def itself(ids: Sequence[int]) -> Pairs:
    """Each token and itself. Not the first token, which may have no other key. [pair, 2]"""
    return _pairs([(query, query) for query in range(1, len(ids))])


def same_token(ids: Sequence[int]) -> Pairs:
    """Each token and the last earlier token that is identical. [pair, 2]"""
    return _pairs(_last_occurrences(ids))


def induction(ids: Sequence[int]) -> Pairs:
    """Each token and the one after its last earlier occurrence: in "A B ... A", the second A and B. [pair, 2]"""
    return _pairs([(query, key + 1) for query, key in _last_occurrences(ids) if key + 1 < query])


PATTERNS: Mapping[str, Callable[[Sequence[int]], Pairs]] = {
    "previous": previous_token,
    "first": first_token,
    "self": itself,
    "same": same_token,
    "induction": induction,
}


def score(weights: Weights, pairs: Pairs) -> Weights:
    """The mean weight of the pairs of query and key, for each head; nan where there are no pairs.

    `weights` is [..., query, key], the result [...].
    """
    if not len(pairs):
        return np.full(weights.shape[:-2], np.nan)
    query, key = pairs.T
    return weights[..., query, key].mean(axis=-1)


def _last_occurrences(ids: Sequence[int]) -> list[tuple[int, int]]:
    last: dict[int, int] = {}
    pairs = []
    for index, token in enumerate(ids):
        if token in last:
            pairs.append((index, last[token]))
        last[token] = index
    return pairs


def _pairs(pairs: list[tuple[int, int]]) -> Pairs:
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)
