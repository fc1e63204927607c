"""Which lines of a large matrix are shown."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from attncli.formula.types import Array


def middle_out(count: int, room: int, spare: int = 0) -> tuple[list[int], int]:
    """Which of `count` lines to show where there is room for `room`: the first and the last. Also gives how many
    are left out between them. `spare`: the place of the mark for those, which is free where none is left out."""
    if count <= room + spare:
        return list(range(count)), 0
    head = (room + 1) // 2
    tail = room - head
    return [*range(head), *range(count - tail, count)], count - room


def most_important(importance: Array, room: int) -> list[int]:
    """The `room` indices of the largest numbers, in their order."""
    return sorted(np.argsort(-importance, kind="stable")[:room].tolist())


def gaps(chosen: Sequence[int], count: int) -> dict[int, int]:
    """Where some of `count` lines are left out, and how many: by the number of chosen lines before them."""
    bounds = [-1, *chosen, count]
    return {number: b - a - 1 for number, (a, b) in enumerate(pairwise(bounds)) if b > a + 1}
