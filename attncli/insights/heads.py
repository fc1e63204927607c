"""What a head looks at: the mean weight it puts on the token before, the first one, an earlier equal, ...

The scores of Elhage et al. 2021 ("A Mathematical Framework for Transformer Circuits") and Olsson et al. 2022
("In-context Learning and Induction Heads"): each is a mean over the queries for which its key exists, so
that a head which does nothing else scores 1.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.floating]
Pairs = NDArray[np.intp]


def previous_token(ids: Sequence[int]) -> Pairs:
    """Each token and the one before it; not the second, for whom that one is also the first. [pair, 2]"""
    return _pairs([(query, query - 1) for query in range(2, len(ids))])


def first_token(ids: Sequence[int]) -> Pairs:
    """Each token and the first one: where heads rest that find nothing to do (Xiao et al. 2023). [pair, 2]"""
    return _pairs([(query, 0) for query in range(1, len(ids))])


def itself(ids: Sequence[int]) -> Pairs:
    """Each token and itself; not the first, which may have nothing else. [pair, 2]"""
    return _pairs([(query, query) for query in range(1, len(ids))])


def same_token(ids: Sequence[int]) -> Pairs:
    """Each token and the last earlier one that is equal. [pair, 2]"""
    return _pairs([(query, key) for query, key in _last_occurrences(ids)])


def induction(ids: Sequence[int]) -> Pairs:
    """Each token and the one that came after its last occurrence: "A B ... A" looks at B. [pair, 2]"""
    return _pairs([(query, key + 1) for query, key in _last_occurrences(ids) if key + 1 < query])


KINDS: Mapping[str, Callable[[Sequence[int]], Pairs]] = {
    "previous": previous_token,
    "first": first_token,
    "self": itself,
    "same": same_token,
    "induction": induction,
}


def score(weights: Weights, pairs: Pairs) -> Weights:
    """The mean weight on the pairs of query and key, for each head; nan where there are none.

    `weights` is [..., query, key], the result [...].
    """
    if not len(pairs):
        return np.full(weights.shape[:-2], np.nan)
    query, key = pairs.T
    return weights[..., query, key].mean(axis=-1)


def _last_occurrences(ids: Sequence[int]) -> list[tuple[int, int]]:
    seen: dict[int, int] = {}
    found = []
    for index, token in enumerate(ids):
        if token in seen:
            found.append((index, seen[token]))
        seen[token] = index
    return found


def _pairs(pairs: list[tuple[int, int]]) -> Pairs:
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)
