"""Which lines of a large matrix are shown."""

from __future__ import annotations


def middle_out(count: int, room: int, spare: int = 0) -> tuple[list[int], int]:
    """Which of `count` lines to show where there is room for `room`: the first and the last. Also gives how many
    are left out between them. `spare`: the place of the mark for those, which is free where none is left out."""
    if count <= room + spare:
        return list(range(count)), 0
    head = (room + 1) // 2
    tail = room - head
    return [*range(head), *range(count - tail, count)], count - room
