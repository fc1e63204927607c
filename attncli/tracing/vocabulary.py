"""The logits and probabilities, which come some rows at a time, because a vocabulary is large."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from attncli.formula.ranking import largest_first
from attncli.formula.types import Array, Index


class VocabularyRows:
    """The rows of logits and probs, put together: whole, or only the `top` largest of each row."""

    def __init__(self, top: int | None) -> None:
        self.top = top
        self._stages: dict[str, list[Any]] = {}  # values, and their ids where only the top is kept

    def keep(self, name: str, values: Array, start: int, rows: int) -> None:
        """Keeps some of a stage's `rows`: `values` [row, vocab], from the row `start` on."""
        if self.top is None:
            found: tuple[Any, ...] = (values,)
        else:
            ids = largest_first(values, self.top)
            found = np.take_along_axis(values, ids, axis=-1), ids
        if name not in self._stages:
            self._stages[name] = [np.empty((rows, array.shape[-1]), array.dtype) for array in found]
        for kept, array in zip(self._stages[name], found, strict=True):
            if not np.may_share_memory(kept, array):
                kept[start : start + len(array)] = array

    def room(self, name: str, start: int, rows: int, shape: tuple[int, int], dtype: np.dtype[Any]) -> Array:
        """Where to write some of a stage's `rows`, from the row `start` on: into what is kept, if that is
        whole."""
        if self.top is not None:
            return np.empty(shape, dtype)
        if name not in self._stages:
            self._stages[name] = [np.empty((rows, shape[1]), dtype)]
        kept: Array = self._stages[name][0][start : start + shape[0]]
        return kept

    def finished(self) -> Iterator[tuple[str, Array, Index | None]]:
        """Each stage, its values, and the ids of its columns where only the top is kept."""
        for name, (values, *ids) in self._stages.items():
            yield name, values, ids[0] if ids else None
