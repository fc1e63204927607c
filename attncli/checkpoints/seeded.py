"""Seeded weights: every number depends only on the seed and on a name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from attncli.architecture.parameters import shape_of
from attncli.architecture.spec import Spec
from attncli.formula.types import Array, Index


def generator(seed: int, name: str) -> np.random.Generator:
    """The random generator of a (seed, name): the same pair always gives the same numbers."""
    digest = hashlib.blake2b(f"{seed}\0{name}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


def normal(seed: int, name: str, shape: tuple[int, ...]) -> Array:
    """Standard normal numbers for a (seed, name), float64."""
    return generator(seed, name).standard_normal(shape)


def all_columns(matrix: Array | None, name: str) -> tuple[int, Iterator[tuple[slice, Array]]]:
    """The number of columns, and all columns in one slice: for weights that are small."""
    assert matrix is not None, name
    return matrix.shape[1], iter([(slice(None), matrix)])


@dataclass(frozen=True)
class SeededWeights:
    """Weights of a seeded model. `word` gives the text of an id: a word's embedding depends on its text alone, so
    it is the same in every sentence. Matrices have variance 1 / inputs, embeddings variance 1."""

    spec: Spec
    seed: int
    word: Callable[[int], str]
    dtype: type[np.floating] = np.float32

    def __call__(self, name: str) -> Array | None:
        if name == "embed.tokens.weight":
            return self.rows(name, range(self.spec.vocab))
        if name == "head.weight":
            return self.rows("embed.tokens.weight", range(self.spec.vocab)).T
        shape = shape_of(self.spec, name)
        if shape is None:
            return None
        return (normal(self.seed, name, shape) / np.sqrt(shape[0])).astype(self.dtype)

    def columns(self, name: str) -> tuple[int, Iterator[tuple[slice, Array]]]:
        return all_columns(self(name), name)

    def rows(self, name: str, ids: Sequence[int] | Index) -> Array:
        label = self.word if name == "embed.tokens.weight" else str
        keys = [f"{name}/{label(int(i))}" for i in ids]
        return np.stack([normal(self.seed, key, (self.spec.d_model,)) for key in keys]).astype(self.dtype)
