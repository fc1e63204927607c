"""Named arrays from somewhere, read lazily."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Take = Callable[[NDArray[Any]], NDArray[Any]]
"""Picks a part of a stored tensor, or turns it; a view of what it is given."""


def whole(stored: NDArray[Any]) -> NDArray[Any]:
    """All of it, as it lies."""
    return stored


@dataclass(frozen=True)
class Stored:
    """A tensor as a file holds it: `dtype` is the format's name for it (F32, BF16, F8_E4M3)."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: Path


class Checkpoint(Protocol):
    """Tensors by the names that the file gives them. Nothing is read before it is asked for."""

    source: str

    def names(self) -> Sequence[str]: ...

    def shape(self, name: str) -> tuple[int, ...]: ...

    def where(self, name: str) -> str:
        """The file that holds the tensor, for messages."""

    def stored(self) -> Sequence[Stored]:
        """What lies in the files, by their headers alone; those tensors too of which `names` are made."""

    def array(self, name: str, take: Take = whole) -> NDArray[Any]:
        """What `take` leaves of the tensor, mapped where the format allows it: numbers as they are stored, those
        that numpy lacks (bfloat16, quantized blocks) as float32. Only the part that is taken is converted."""

    def rows(self, name: str, ids: Sequence[int]) -> NDArray[Any]:
        """Some rows of a matrix, without reading the others."""


def widen(stored: NDArray[Any], dtype_name: str) -> NDArray[Any]:
    """bfloat16, which numpy lacks, is the upper half of a float32; other types are as they are stored."""
    if dtype_name != "BF16":
        return stored
    return (stored.astype(np.uint32) << np.uint32(16)).view(np.float32)
