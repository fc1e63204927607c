"""Named arrays from somewhere, read lazily."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from attncli.formula.parallel import in_pieces

Take = Callable[[NDArray[Any]], NDArray[Any]]
"""Picks a part of a stored tensor, or turns it; a view of what it is given."""


def whole(stored: NDArray[Any]) -> NDArray[Any]:
    """All of it, as it lies."""
    return stored


def span(part: NDArray[Any], of: NDArray[Any]) -> tuple[int, int] | None:
    """Where the bytes that a view shows of an array begin and end, counted from its own beginning; None for
    a copy, which shows none of them."""
    start = address(part) - address(of)
    reach = [(count - 1) * stride for count, stride in zip(part.shape, part.strides, strict=True)]
    low, high = start + sum(r for r in reach if r < 0), start + sum(r for r in reach if r > 0) + part.itemsize
    return (low, high) if part.size and low >= 0 and high <= of.nbytes else None


def address(array: NDArray[Any]) -> int:
    """Where the first number of an array lies in memory."""
    first: int = array.__array_interface__["data"][0]
    return first


@dataclass(frozen=True)
class Stored:
    """A tensor as a file holds it: `dtype` is the format's name for it (F32, BF16, F8_E4M3)."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: Path


class Checkpoint(Protocol):
    """Tensors by the names that the file gives them. Nothing is read before it is asked for."""

    @property
    def source(self) -> str: ...

    def names(self) -> Sequence[str]: ...

    def shape(self, name: str) -> tuple[int, ...]: ...

    def where(self, name: str) -> str:
        """The file that holds the tensor, for messages."""

    def stored(self) -> Sequence[Stored]:
        """What lies in the files, by their headers alone; those tensors too of which `names` are made."""

    def array(self, name: str, take: Take = whole) -> NDArray[Any]:
        """What `take` leaves of the tensor, mapped where the format allows it: numbers as they are stored, those
        of sixteen bits, and those that numpy lacks (quantized blocks), as float32. Only the part that is taken is
        converted."""

    def rows(self, name: str, ids: Sequence[int]) -> NDArray[Any]:
        """Some rows of a matrix, without reading the others."""


def widen(stored: NDArray[Any], dtype_name: str) -> NDArray[Any]:
    """Sixteen-bit numbers as float32 (bfloat16, which numpy lacks, and float16, which it converts on one core),
    and those of eight bits, which are looked up in a table. Other types are as they are stored."""
    if dtype_name == "BF16":
        bits = np.empty(stored.shape, np.uint32)
        in_pieces(_upper_half, stored, bits)
        return bits.view(np.float32)
    if dtype_name == "F16":
        numbers = np.empty(stored.shape, np.float32)
        in_pieces(lambda part, into: np.copyto(into, part), stored, numbers)
        return numbers
    if dtype_name.startswith("F8_"):
        from attncli.checkpoints.float8 import table

        return table(dtype_name)[stored]
    return stored


def _upper_half(half: NDArray[np.uint16], bits: NDArray[np.uint32]) -> None:
    """bfloat16 is the upper half of a float32."""
    np.copyto(bits, half)
    np.left_shift(bits, 16, out=bits)
