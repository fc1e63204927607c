"""Checkpoints: named tensors from files, the hub or a seed, read only when needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from attncli.formula.parallel import in_pieces

Take = Callable[[NDArray[Any]], NDArray[Any]]
"""Picks a part of a stored tensor, or transposes it, as a view."""


def whole(stored: NDArray[Any]) -> NDArray[Any]:
    """The whole tensor, as stored."""
    return stored


def span(view: NDArray[Any], base: NDArray[Any]) -> tuple[int, int] | None:
    """The first and the last byte (exclusive) of `base` that a view shows; None for a copy or an empty view."""
    start = address(view) - address(base)
    reach = [(count - 1) * stride for count, stride in zip(view.shape, view.strides, strict=True)]
    low, high = start + sum(r for r in reach if r < 0), start + sum(r for r in reach if r > 0) + view.itemsize
    return (low, high) if view.size and low >= 0 and high <= base.nbytes else None


def address(array: NDArray[Any]) -> int:
    """The address in memory of an array's first number."""
    first: int = array.__array_interface__["data"][0]
    return first


@dataclass(frozen=True)
class Stored:
    """A tensor in a file, by its header. `dtype` is the format's name of the type (F32, BF16, F8_E4M3)."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: Path


class Checkpoint(Protocol):
    """Tensors under the names that the file gives them. Nothing is read before it is needed."""

    @property
    def source(self) -> str: ...

    def names(self) -> Sequence[str]: ...

    def shape(self, name: str) -> tuple[int, ...]: ...

    def where(self, name: str) -> str:
        """The file that holds the tensor, for error messages."""

    def check(self, name: str) -> None:
        """Raises AttnError where the headers tell that the tensor cannot be read. No number is read."""

    def stored(self) -> Sequence[Stored]:
        """Everything in the files, by the headers alone: also tensors that are only inputs of computed ones."""

    def array(self, name: str, take: Take = whole) -> NDArray[Any]:
        """The part of the tensor that `take` picks, mapped where the format allows it. Sixteen-bit and quantized
        numbers come as float32, others in their stored type. Only the picked part is converted."""

    def rows(self, name: str, ids: Sequence[int]) -> NDArray[Any]:
        """Some rows of a matrix; the others are not read."""


def widen(stored: NDArray[Any], dtype_name: str) -> NDArray[Any]:
    """Numbers of 16 and 8 bits as float32; other types as they are. numpy lacks bfloat16 and converts float16 on
    one core only, so both are converted here in parallel. Eight-bit codes are looked up in a table."""
    if dtype_name == "BF16":
        bits = np.empty(stored.shape, np.uint32)
        in_pieces(_upper_half, stored, bits)
        return bits.view(np.float32)
    if dtype_name == "F16":
        numbers = np.empty(stored.shape, np.float32)
        in_pieces(lambda source, target: np.copyto(target, source), stored, numbers)
        return numbers
    if dtype_name.startswith("F8_"):
        from attncli.checkpoints.float8 import table

        return table(dtype_name)[stored]
    return stored


def _upper_half(half: NDArray[np.uint16], bits: NDArray[np.uint32]) -> None:
    """The bits of a float32 whose upper half is the bfloat16."""
    np.copyto(bits, half)
    np.left_shift(bits, 16, out=bits)
