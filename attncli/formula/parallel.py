"""Element-wise work on large arrays, in pieces that fit the cache of a core, shared among the cores.

Without it, each operation of a formula moves the whole array through memory, and numpy uses one core.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextvars import copy_context
from functools import cache
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

PIECE = 1 << 16
"""Numbers per piece: 256 KB in float32, so that a few such arrays fit the cache of a core."""
SHARED = 1 << 18
"""From how many numbers on the work is shared with other cores."""


def in_pieces(work: Callable[..., object], *arrays: NDArray[Any]) -> None:
    """Calls `work(*pieces)` for pieces that together make up the arrays; it writes its result into one of them.

    All arrays have the same shape. The parts are views, which split any axis but the last.
    """
    size = arrays[0].size
    if size <= PIECE:
        work(*arrays)
        return
    parts = list(_parts(arrays))
    shares = min(len(parts), cores()) if size >= SHARED else 1

    def do(share: int) -> None:
        for part in parts[share::shares]:
            work(*part)

    # numpy's handling of errors is part of the context, and each thread needs its own copy of that
    others = [_pool().submit(copy_context().run, do, share) for share in range(1, shares)]
    do(0)
    for other in others:
        other.result()


def _parts(arrays: tuple[NDArray[Any], ...]) -> Iterator[tuple[NDArray[Any], ...]]:
    first = arrays[0]
    each = first.size // len(first)
    if first.ndim > 2 and each > PIECE:
        for i in range(len(first)):
            yield from _parts(tuple(a[i] for a in arrays))
        return
    step = max(1, PIECE // each)
    for start in range(0, len(first), step):
        yield tuple(a[start : start + step] for a in arrays)


@cache
def cores() -> int:
    """The cores that this process may use, or as many as OMP_NUM_THREADS allows, which BLAS obeys too."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(available, int(told)) if told.isdecimal() and int(told) else available


@cache
def _pool() -> ThreadPoolExecutor:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(max(1, cores() - 1))
