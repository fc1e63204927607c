"""A stage: one named array of the forward pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from attncli.formula.types import Array


@dataclass(frozen=True, eq=False)
class Stage:
    """One named array of the forward pass.

    `values` has an axis for each name in `axes`. Where only some rows were kept, `heads` and `rows` say
    which (None: all, in order). Of logits and probs only the top may be kept: `ids` [position, rank] then
    says which words of the vocabulary the columns are, and `labels` their text.
    """

    name: str
    values: Array
    axes: tuple[str, ...]
    symbol: str = ""
    formula: str = ""
    meaning: str = ""
    detail: str = ""
    layer: int | None = None
    heads: tuple[int, ...] | None = None
    rows: tuple[int, ...] | None = None
    ids: NDArray[np.intp] | None = None
    labels: tuple[tuple[str, ...], ...] | None = None

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        """The values, so that numpy takes a stage as an array."""
        return np.array(self.values, dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        """Stage('layers.0.attn.weights', [head 4, query 8, key 8], float32)"""
        return f"Stage({self.name!r}, {self.shape_text}, {self.values.dtype})"

    @property
    def shape_text(self) -> str:
        """The axes with their sizes: `[head 4, query 8, key 8]`."""
        sizes = zip(self.axes, self.values.shape, strict=True)
        return f"[{', '.join(f'{axis} {size}' for axis, size in sizes)}]"

    @property
    def head_indices(self) -> tuple[int, ...]:
        """The heads along the first axis; empty where the stage has no heads."""
        if self.axes[0] not in ("head", "kv_head"):
            return ()
        return self.heads if self.heads is not None else tuple(range(self.values.shape[0]))

    @property
    def row_indices(self) -> tuple[int, ...]:
        """The positions along the row axis (`position` or `query`)."""
        if self.rows is not None:
            return self.rows
        axis = next((i for i, a in enumerate(self.axes) if a in ("position", "query")), None)
        return () if axis is None else tuple(range(self.values.shape[axis]))
